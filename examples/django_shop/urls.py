"""Addresses of the shop."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from shop.views import label

urlpatterns = [path("admin/", admin.site.urls), path("labels/<str:reference>.pdf", label, name="label")]
