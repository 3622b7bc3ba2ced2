"""Orders in the admin, with an action that ships them."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from cpl_sync import CplError

from .carrier import ship
from .models import Order


@admin.action(description="Ship and print")
def ship_and_print(_: admin.ModelAdmin, request: HttpRequest, orders: QuerySet[Order]) -> None:
    """Ship what was chosen, and say what became of it."""
    try:
        counts = ship(orders)
    except CplError as error:
        messages.error(request, f"Nothing more can be shipped now: {error}. Do it again later: nothing is sent twice.")
        return
    words = ", ".join(f"{count} {state}" for state, count in counts.items())
    level = messages.SUCCESS if set(counts) <= {"shipped"} else messages.WARNING
    messages.add_message(request, level, words or "There was nothing to ship.")


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """The list of orders, each with its number and its label."""

    list_display = ("reference", "name", "city", "state", "shipment_number", "label", "message")
    list_filter = ("state",)
    search_fields = ("reference", "name", "shipment_number")
    readonly_fields = ("state", "shipment_number", "message")
    actions = (ship_and_print,)

    @admin.display
    def label(self, order: Order) -> str:
        """Link to the label, where there is one."""
        if not order.label_file:
            return ""
        return format_html('<a href="{}">PDF</a>', reverse("label", args=[order.reference]))
