"""The first schema.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _installation()
    _catalogue()
    _items()
    _findings()
    _alerts()
    _people()
    _mail()


def _installation() -> None:
    """What an installation is, holds for its processes and counts."""
    op.create_table('installation',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('authority', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('started_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('key_fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('public_revision', sa.Integer(), nullable=False),
        sa.Column('hold', sa.Boolean(), nullable=False),
        sa.Column('hold_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_installation'))
    )
    op.create_table('number_line',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('n', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_number_line'))
    )
    op.create_table('jobs',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('detail', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('finished_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('lease', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column('leased_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_jobs'))
    )
    op.create_table('hosts',
        sa.Column('host', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('not_before', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('next_slot_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('lease', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column('leased_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint('host', name=op.f('pk_hosts'))
    )
    op.create_table('lanes',
        sa.Column('domain_hash', sa.LargeBinary(length=16), nullable=False),
        sa.Column('not_before', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('interval_ms', sa.Integer(), nullable=False),
        sa.Column('refusals', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('domain_hash', name=op.f('pk_lanes'))
    )
    op.create_table('runs',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('upto', sa.Integer(), nullable=False),
        sa.Column('candidates', sa.Integer(), nullable=False),
        sa.Column('prepared', sa.Integer(), nullable=False),
        sa.Column('excluded', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_runs'))
    )


def _catalogue() -> None:
    """What people follow, and what is polled."""
    op.create_table('topics',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('slug', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('definition', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('parent', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column('retired_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('successor', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_topics')),
        sa.UniqueConstraint('slug', name=op.f('uq_topics_slug'))
    )
    with op.batch_alter_table('topics', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_topics_parent'), ['parent'], unique=False)
    op.create_table('sources',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('slug', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('url', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('query', sa.Text(), server_default='', nullable=False),
        sa.Column('title', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('gives', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column('max_age_days', sa.Integer(), nullable=True),
        sa.Column('allow_private', sa.Boolean(), nullable=False),
        sa.Column('why', sa.Text(), server_default='', nullable=False),
        sa.Column('sample', sa.Boolean(), nullable=False),
        sa.Column('options', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('last_error', sa.Text(), server_default='', nullable=False),
        sa.Column('notes', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('failing_since', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('told_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('last_polled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('last_ok_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('next_poll_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('interval_s', sa.Integer(), nullable=False),
        sa.Column('etag', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('last_modified', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('body_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('moved_to', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('moved_seen', sa.Integer(), nullable=False),
        sa.Column('anchor', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('resume', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('window', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('gaps', sa.Integer(), nullable=False),
        sa.Column('lease', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column('leased_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_sources')),
        sa.UniqueConstraint('slug', name=op.f('uq_sources_slug'))
    )
    with op.batch_alter_table('sources', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sources_next_poll_at'), ['next_poll_at'], unique=False)


def _items() -> None:
    """Works, what names them, and where they were seen."""
    op.create_table('items',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('title', sa.Text(), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('url', sa.Text(), nullable=False),
        sa.Column('authors', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('venue', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('published', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('language', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('publication_types', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('mesh', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('phases', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('enrollment', sa.Integer(), nullable=True),
        sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('why_stopped', sa.Text(), server_default='', nullable=False),
        sa.Column('has_results', sa.Boolean(), nullable=False),
        sa.Column('truncated', sa.Boolean(), nullable=False),
        sa.Column('mark', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('first_seen_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('rules', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('merged_into', sa.Integer(), nullable=True),
        sa.Column('first_alert', sa.Integer(), nullable=True),
        sa.Column('complete_after', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('completions', sa.Integer(), nullable=False),
        sa.Column('ask_after', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(['merged_into'], ['items.id'], name=op.f('fk_items_merged_into_items')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_items'))
    )
    with op.batch_alter_table('items', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_items_ask_after'), ['ask_after'], unique=False)
        batch_op.create_index('ix_items_first_seen_at', ['first_seen_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_items_merged_into'), ['merged_into'], unique=False)
    op.create_table('keys',
        sa.Column('scheme', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('value', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_keys_item_id_items')),
        sa.PrimaryKeyConstraint('scheme', 'value', name=op.f('pk_keys'))
    )
    with op.batch_alter_table('keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_keys_item_id'), ['item_id'], unique=False)
    op.create_table('links',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.Column('relation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('scheme', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('value', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_links_item_id_items')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_links')),
        sa.UniqueConstraint('item_id', 'relation', 'scheme', 'value', name=op.f('uq_links_item_id_relation_scheme_value'))
    )
    with op.batch_alter_table('links', schema=None) as batch_op:
        batch_op.create_index('ix_links_scheme_value', ['scheme', 'value'], unique=False)
    op.create_table('sightings',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('source_id', sa.Integer(), nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.Column('locator', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('raw_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('url', sa.Text(), server_default='', nullable=False),
        sa.Column('first_seen_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('last_seen_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('changes', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_sightings_item_id_items')),
        sa.ForeignKeyConstraint(['source_id'], ['sources.id'], name=op.f('fk_sightings_source_id_sources')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_sightings')),
        sa.UniqueConstraint('source_id', 'locator', name=op.f('uq_sightings_source_id_locator'))
    )
    with op.batch_alter_table('sightings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sightings_item_id'), ['item_id'], unique=False)


def _findings() -> None:
    """What was found out about works: labels, changes, what readers report."""
    op.create_table('labels',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.Column('facet', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('value', sa.Text(), nullable=False),
        sa.Column('role', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('evidence', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_labels_item_id_items')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_labels')),
        sa.UniqueConstraint('item_id', 'facet', 'value', 'by', name=op.f('uq_labels_item_id_facet_value_by'))
    )
    with op.batch_alter_table('labels', schema=None) as batch_op:
        batch_op.create_index('ix_labels_facet_value_role', ['facet', 'value', 'role'], unique=False)
    op.create_table('history',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('field', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('old', sa.Text(), nullable=False),
        sa.Column('new', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_history_item_id_items')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_history'))
    )
    with op.batch_alter_table('history', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_history_item_id'), ['item_id'], unique=False)
    op.create_table('reports',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('done_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_reports_item_id_items')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_reports'))
    )
    with op.batch_alter_table('reports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reports_item_id'), ['item_id'], unique=False)


def _alerts() -> None:
    """What is news, and what waits to be."""
    op.create_table('intents',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('detail', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('quiet', sa.Boolean(), nullable=False),
        sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('not_before', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_intents_item_id_items')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_intents'))
    )
    with op.batch_alter_table('intents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_intents_item_id'), ['item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_intents_not_before'), ['not_before'], unique=False)
    op.create_table('alerts',
        sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('item_id', sa.Integer(), nullable=False),
        sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('quiet', sa.Boolean(), nullable=False),
        sa.Column('facts', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('before', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('detail', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_alerts_item_id_items')),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_alerts'))
    )
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alerts_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_alerts_item_id'), ['item_id'], unique=False)
    op.create_table('alert_topics',
        sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('slug', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(['number'], ['alerts.number'], name=op.f('fk_alert_topics_number_alerts')),
        sa.PrimaryKeyConstraint('number', 'slug', name=op.f('pk_alert_topics'))
    )
    with op.batch_alter_table('alert_topics', schema=None) as batch_op:
        batch_op.create_index('ix_alert_topics_slug_number', ['slug', 'number'], unique=False)


def _people() -> None:
    """Who reads, and who must not be mailed."""
    op.create_table('interest_sets',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('interests', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_interest_sets')),
        sa.UniqueConstraint('interests', name=op.f('uq_interest_sets_interests'))
    )
    op.create_table('subscribers',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.LargeBinary(length=16), nullable=False),
        sa.Column('address_hash', sa.LargeBinary(length=32), nullable=False),
        sa.Column('address_sealed', sa.LargeBinary(), nullable=False),
        sa.Column('domain_hash', sa.LargeBinary(length=16), nullable=False),
        sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('interest_set_id', sa.Integer(), nullable=False),
        sa.Column('cadence', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('hour', sa.Integer(), nullable=False),
        sa.Column('weekday', sa.Integer(), nullable=False),
        sa.Column('zone', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('format', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('language', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('quiet_from', sa.Integer(), nullable=True),
        sa.Column('quiet_to', sa.Integer(), nullable=True),
        sa.Column('no_notices', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('paused_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('seen', sa.Integer(), nullable=False),
        sa.Column('digest_no', sa.Integer(), nullable=False),
        sa.Column('next_digest_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('last_digest_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('consent', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('asked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('confirmed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(['interest_set_id'], ['interest_sets.id'], name=op.f('fk_subscribers_interest_set_id_interest_sets')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_subscribers')),
        sa.UniqueConstraint('address_hash', name=op.f('uq_subscribers_address_hash')),
        sa.UniqueConstraint('public_id', name=op.f('uq_subscribers_public_id'))
    )
    with op.batch_alter_table('subscribers', schema=None) as batch_op:
        batch_op.create_index('ix_subscribers_due', ['next_digest_at', 'id'], unique=False, sqlite_where=sa.text("status = 'active'"), postgresql_where=sa.text("status = 'active'"))
        batch_op.create_index(batch_op.f('ix_subscribers_interest_set_id'), ['interest_set_id'], unique=False)
    op.create_table('tokens',
        sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
        sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('subscriber_id', sa.Integer(), nullable=False),
        sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_tokens_subscriber_id_subscribers'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('hash', name=op.f('pk_tokens'))
    )
    with op.batch_alter_table('tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tokens_subscriber_id'), ['subscriber_id'], unique=False)
    op.create_table('suppressions',
        sa.Column('address_hash', sa.LargeBinary(length=32), nullable=False),
        sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint('address_hash', name=op.f('pk_suppressions'))
    )


def _mail() -> None:
    """What is sent to whom, and what became of it."""
    op.create_table('editions',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('format', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('language', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('numbers', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('listed', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('parts', sa.LargeBinary(), nullable=False),
        sa.Column('erased', sa.Integer(), nullable=False),
        sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_editions')),
        sa.UniqueConstraint('hash', name=op.f('uq_editions_hash'))
    )
    op.create_table('deliveries',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('recipient', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('ordinal', sa.Integer(), nullable=False),
        sa.Column('subscriber_id', sa.Integer(), nullable=True),
        sa.Column('edition_id', sa.Integer(), nullable=False),
        sa.Column('domain_hash', sa.LargeBinary(length=16), nullable=True),
        sa.Column('private', sa.LargeBinary(), nullable=True),
        sa.Column('priority', sa.Integer(), nullable=False),
        sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('doubts', sa.Integer(), nullable=False),
        sa.Column('message_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('reply', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('next_attempt_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('deadline_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column('sent_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column('lease', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column('leased_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(['edition_id'], ['editions.id'], name=op.f('fk_deliveries_edition_id_editions')),
        sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_deliveries_subscriber_id_subscribers')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries')),
        sa.UniqueConstraint('recipient', 'kind', 'ordinal', name=op.f('uq_deliveries_recipient_kind_ordinal'))
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_due', ['state', 'priority', 'next_attempt_at'], unique=False, sqlite_where=sa.text('lease IS NULL'), postgresql_where=sa.text('lease IS NULL'))
        batch_op.create_index(batch_op.f('ix_deliveries_edition_id'), ['edition_id'], unique=False)
        batch_op.create_index('ix_deliveries_leased', ['leased_until'], unique=False, sqlite_where=sa.text('lease IS NOT NULL'), postgresql_where=sa.text('lease IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_deliveries_subscriber_id'), ['subscriber_id'], unique=False)
    op.create_table('attempts',
        sa.Column('bucket', sa.LargeBinary(length=32), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('since', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint('bucket', name=op.f('pk_attempts'))
    )
