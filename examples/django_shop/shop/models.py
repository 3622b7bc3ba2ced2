"""What is ordered, and where it goes."""

from __future__ import annotations

from django.db import models


class Order(models.Model):
    """One parcel for one customer."""

    reference = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=50)
    street = models.CharField(max_length=60)
    city = models.CharField(max_length=50)
    zip_code = models.CharField(max_length=10)
    country = models.CharField(max_length=2, default="CZ")
    cash_on_delivery = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    state = models.CharField(max_length=30, default="new", editable=False)
    shipment_number = models.CharField(max_length=50, default="", editable=False)
    label_file = models.CharField(max_length=200, default="", editable=False)
    label_page = models.IntegerField(default=0, editable=False)
    message = models.TextField(default="", editable=False)

    def __str__(self) -> str:
        return self.reference
