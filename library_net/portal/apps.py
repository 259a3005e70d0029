from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "library_net.portal"
