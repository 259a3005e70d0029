from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "library_net.demo"
