"""Labels, for those who work in the shop."""

from __future__ import annotations

import io

import pikepdf
from django.contrib.admin.views.decorators import staff_member_required
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404

from .models import Order


@staff_member_required
def label(_: HttpRequest, reference: str) -> FileResponse:
    """Hand out the label of an order, cut from the file in which it came."""
    order = get_object_or_404(Order, reference=reference)
    if not order.label_file:
        raise Http404
    page = io.BytesIO()
    with pikepdf.open(order.label_file) as together, pikepdf.new() as single:
        single.pages.append(together.pages[order.label_page])
        single.save(page)
    page.seek(0)
    return FileResponse(page, filename=f"{reference}.pdf", content_type="application/pdf")
