"""The service: a REST API for developers and pages for analysts, on the model that is in production."""
