"""From raw events to events of people and machines; a better classifier improves the past too."""

from campanile.relations.relation import Relation
from campanile.reporting.feedback_tables import (
    EVENTS,
    LINKS_TABLE,
    MESSAGES_TABLE,
    RAW_TABLE,
    query,
)
from campanile.tracking.classifier import label_sql


def classified_events() -> Relation:
    """The relation `feedback__events` over the raw tables; the same rows give the same answers.

    An event whose message is not among the messages is left out. `human` is empty for what
    providers report; a prefetched open is not human. An opt-out always is: it was acted upon, and
    one-click wishes come from the servers of mail providers.
    """
    return query(_sql(), EVENTS, ("event_id",))


def _sql() -> str:
    window = "INTERVAL 10 SECONDS"
    return f"""
    WITH seen AS (
      SELECT e.*, m.campaign, m.execution, m.activity, m.person, m.row_key,
        l.name AS link, l.url AS url,
        coalesce(e.user_agent, '') AS agent,
        epoch(e.at - m.settled_at) AS seconds_since_sent,
        count(DISTINCT CASE WHEN e.kind = 'clicked' THEN e.link_number END) OVER (
          PARTITION BY e.delivery, e.ordinal ORDER BY e.at
          RANGE BETWEEN {window} PRECEDING AND {window} FOLLOWING) AS links_in_10s,
        false AS honeypot
      FROM {RAW_TABLE} AS e
      JOIN {MESSAGES_TABLE} AS m ON m.delivery = e.delivery AND m.ordinal = e.ordinal
      LEFT JOIN {LINKS_TABLE} AS l
        ON l.delivery = e.delivery AND l.content = m.content AND l.number = e.link_number
    ),
    labelled AS (SELECT *, {label_sql()} AS label FROM seen)
    SELECT event_id, delivery, ordinal, campaign, execution, activity, person, row_key, kind, at,
      link, url,
      CASE
        WHEN kind NOT IN ('opened', 'clicked', 'unsubscribed') THEN NULL
        WHEN regexp_matches(agent, 'iPad|Tablet') THEN 'tablet'
        WHEN regexp_matches(agent, 'iPhone|Mobile|Android') THEN 'mobile'
        WHEN regexp_matches(agent, 'Windows NT|Macintosh|X11|CrOS') THEN 'desktop'
        ELSE 'unknown'
      END AS device,
      CASE
        WHEN kind = 'unsubscribed' THEN true
        WHEN kind IN ('opened', 'clicked') THEN label = 'human'
      END AS human,
      reason
    FROM labelled
    """  # noqa: S608 (names and rules of ours only)
