"""What the location could not load, shown where people look: as an asset with the reasons."""

from collections.abc import Mapping

import dagster as dg

from campanile.orchestration import keys


def build_error_spec(errors: Mapping[str, str]) -> list[dg.AssetSpec]:
    """Describe `errors` (place to message) as one external asset; none when there are none."""
    if not errors:
        return []
    listed = "\n\n".join(f"**{place}**: {message}" for place, message in errors.items())
    return [
        dg.AssetSpec(
            key=keys.DEFINITION_ERRORS,
            group_name="problems",
            description=f"Not served, everything else is:\n\n{listed}",
            metadata={place: dg.MetadataValue.text(text) for place, text in errors.items()},
            kinds={"error"},
        )
    ]
