"""What a filter file may say: a rule under a name, with parameters of its own."""

from pydantic import Field

from campanile.activities.options import Options
from campanile.activities.rule_values import Rule
from campanile.campaigns.definition import Parameter
from campanile.catalog.names import Name


class FilterFile(Options):
    """A rule that any campaign may call by name."""

    name: Name = Field(description="Its name, by which rules call it.")
    label: str = Field(default="", description="A title for people.")
    description: str = Field(default="", description="Whom it finds.")
    dimension: Name | None = Field(
        default=None,
        description="The dimension or entity of whose rows it speaks; the default dimension.",
    )
    parameters: dict[Name, Parameter] = Field(
        default={}, description="Values that a call may give: `big_spender(min => 500)`."
    )
    where: Rule = Field(description="Who is meant.")
