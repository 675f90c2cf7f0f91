"""Pages about the project's files: every key of each, with an example."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from campanile.activities.quotas import Distribution
from campanile.campaigns import schedule
from campanile.campaigns.channels_file import ChannelsFile
from campanile.campaigns.definition import Campaign
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.project_file import ProjectFile
from campanile.catalog.catalog_file import CatalogFile
from campanile.cli.reference.markdown import block, code, page, prose
from campanile.cli.reference.options import option_tables, options_table

_CAMPAIGN: Final = """
name: winter_sale
schedule: {every: week, days: [mon], at: "09:00", timezone: Europe/Paris}
parameters: {min_spend: {type: number, default: 50}}
activities:
  buyers: {type: build_audience, where: sum(orders.amount) > param.min_spend}
  offer: {type: email, from: buyers, template: welcome/offer, topic: offers}
"""
_CATALOG: Final = """
entities:
  customer:
    key: customer_id
    version: updated_at
    columns:
      customer_id: text
      email: {type: text, personal: true, label: E-mail}
      email_ok: boolean
      updated_at: timestamp
  order:
    source: {files: exports/orders.parquet}
    key: order_id
    columns: {order_id: text, customer_id: text, amount: number, placed_at: timestamp}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: orders}}
dimensions:
  customer: {default: true, addresses: {email: email}, consent: {email: email_ok}}
"""
_CHANNELS: Final = """
senders:
  news: {channel: email, from: "Shop <news@shop.example>", connection: mail, default: true}
topics:
  offers: {label: Offers and news, default: opt_in}
"""
_FILTER: Final = """
name: big_spender
description: Whoever spent that much with us, ever.
parameters: {min: {type: number, default: 500}}
where: sum(orders.amount) >= param.min
"""
_DISTRIBUTION: Final = """
name: by_store
by: store_id
assign: {entity: store}
values: {paris: 500, lyon: 10%, nice: 0}
"""
_PROJECT: Final = """
name: my_shop
timezone: Europe/Paris
connections:
  mail: {type: smtp, host: smtp.shop.example, port: 587, username: shop, password_variable: SHOP_SMTP_PASSWORD}
tracking: {base_url: "https://links.shop.example"}
environments:
  test: {connections: {mail: {host: 127.0.0.1, port: 2525, security: none}}}
"""  # noqa: E501  an example is copied as it stands
_SCHEDULES: Final[Mapping[str, tuple[type[BaseModel], str]]] = {
    "As soon as published": (schedule.AsapSchedule, "schedule: asap"),
    "Once": (schedule.OnceSchedule, "schedule: {once: 2026-12-01 09:00}"),
    "Again and again": (
        schedule.RecurringSchedule,
        'schedule: {every: month, months: [jan, jul], days: [2nd tue, last], at: "09:00"}',
    ),
    "On feedback": (
        schedule.FeedbackSchedule,
        "schedule: {on_feedback: welcome_back.offer, event: clicked, at_least: 50, every: 1 hour}",
    ),
}


def file_pages() -> dict[str, str]:
    """The pages by their path below the reference."""
    pages = {
        "campaign-file.md": _page("Campaign file", "campaigns/**/*.yaml", "campaign", _CAMPAIGN,
                                  Campaign, _schedule()),
        "catalog-file.md": _page("Catalog file", "catalog/*.yaml", "catalog", _CATALOG,
                                 CatalogFile),
        "channels-file.md": _page("Channels file", "channels.yaml", "channels", _CHANNELS,
                                  ChannelsFile),
        "filter-file.md": _page("Filter file", "filters/**/*.yaml", "filter", _FILTER,
                                FilterFile),
        "distribution-file.md": _page("Distribution file", "distributions/**/*.yaml",
                                      "distribution", _DISTRIBUTION, Distribution),
        "project-file.md": _page("Project file", "campanile.yaml", "project", _PROJECT,
                                 ProjectFile),
    }  # fmt: skip
    return {path: text.replace("{root}", "") for path, text in pages.items()}


def _page(
    title: str, path: str, kind: str, example: str, model: type[BaseModel], *more: str
) -> str:
    return page(
        title,
        f"{code(path)}. {prose(model.__doc__)}",
        block(example, f"yaml {kind}"),
        f"The same as a JSON Schema for editors: `campanile schema {kind}`.",
        "## Keys",
        option_tables(model),
        *more,
    )


def _schedule() -> str:
    common = schedule.ScheduleOptions
    keys = [info.alias or name for name, info in common.model_fields.items()]
    forms = [
        "\n\n".join(
            part
            for part in (f"### {title}", block(example, "yaml schedule"), _form(model, keys))
            if part
        )
        for title, (model, example) in _SCHEDULES.items()
    ]
    heads = (
        "## Schedule",
        "One map: a start, and keys that all starts share. Times are those of the campaign's zone.",
        options_table(common),
    )
    return "\n\n".join([*heads, *forms])


def _form(model: type[BaseModel], common: list[str]) -> str:
    return options_table(model, [*common, "asap"])


def file_models() -> dict[str, type[BaseModel]]:
    """The model of each kind of file."""
    return {
        "campaign": Campaign,
        "catalog": CatalogFile,
        "channels": ChannelsFile,
        "filter": FilterFile,
        "distribution": Distribution,
        "project": ProjectFile,
    }
