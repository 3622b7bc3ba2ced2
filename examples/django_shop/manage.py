"""A small Django shop: orders in the admin, an action that ships them, and their labels.

pip install 'cpl-sdk[bulk,cli,sandbox]' django
cpl sandbox --port 8080                        # in another terminal; paste the three lines that it prints
python examples/django_shop/manage.py migrate
python examples/django_shop/manage.py createsuperuser
python examples/django_shop/manage.py runserver     # then /admin/, Orders, choose some, "Ship and print"
"""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    execute_from_command_line(sys.argv)
