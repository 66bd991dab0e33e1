from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rest_framework.authtoken.models import Token

from common import audit
from users.models import User


class Command(BaseCommand):
    help = "Print the REST token of a user, made when there is none; alone on stdout."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user with the e-mail address {email}.")
        token, is_new = Token.objects.get_or_create(user=user)
        if is_new:
            audit.record(audit.Kind.ACCESS, "A REST token was made on the server", user=user)
        self.stdout.write(token.key)
