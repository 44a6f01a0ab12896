"""Echo for awslambdaric."""


def handler(event, _):
    return event
