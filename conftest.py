"""Shapes are checked while the tests run: jaxtyping's import hook puts beartype on every function of the package."""

from jaxtyping import install_import_hook

hook = install_import_hook("theodolite", "beartype.beartype")

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "fixed", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", parent=settings.get_profile("fixed"), max_examples=2000)
settings.load_profile("fixed")
