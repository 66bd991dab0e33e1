from django import template

from directory import providers

register = template.Library()


@register.simple_tag
def services() -> list[str]:
    """The names of the data services that can be asked for more."""
    return [provider.label for provider in providers.elsewhere()]
