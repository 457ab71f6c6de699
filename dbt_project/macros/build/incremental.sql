{#
Incremental facts, driven by what changed in the lake.

The lake's manifest gives the content hash of every stream-day. Each incremental fact keeps, in
`_build.inputs`, the hashes of the stream-days that it was built of. A run compares the two, finds the
entities (orders, sessions, account-days) that a changed, new or vanished stream-day touches on either
side, and replaces exactly those. The hashes are rewritten in the transaction that replaces the rows
(DuckDB commits to one file at a time, so each file has its own): a killed run leaves both as they were.

A fact takes part by
  - columns `source`, `lake_account`, `first_lake_day`, `last_lake_day`: the files it was built of;
  - a pre-hook `find_affected(…)`, which fills the temporary table `affected()`;
  - `incremental_strategy='replace_affected'` with `meta.replaces`: which old rows go;
  - a post-hook `record_inputs(…)`.

What is made of other models, whose rows may change without a file of the day, is replaced month by month, where
what a month is made of is in another state than it was. It takes part by `config(**replaced_by_month(…))`, and makes
no more than the rows `in_affected_months`.
#}

{# In the file of the model, so that its rows and what they were made of are committed in one. #}
{% macro bookkeeping(database) -%}
    {{ database ~ '._build.inputs' if target.type == 'duckdb' else '_build.inputs' }}
{%- endmacro %}

{% macro create_bookkeeping() -%}
    {% if execute %}
        {% for database in ([target.database, 'marts'] if target.type == 'duckdb' else [none]) %}
            {% do run_query('create schema if not exists ' ~ bookkeeping(database).rsplit('.', 1)[0]) %}
            {% do run_query(
                'create table if not exists ' ~ bookkeeping(database)
                ~ ' (model string, source string, stream string, account string, lake_day date, state string)'
            ) %}
        {% endfor %}
    {% endif %}
{%- endmacro %}

{# What the rows depend on besides the lake: the settings, and the text of every model and macro. Part of each
   recorded state. #}
{% macro definition_fingerprint() -%}
    {%- set parts = settings() -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | sort(attribute='unique_id') -%}
            {%- do parts.append(node.checksum.checksum) -%}
        {%- endfor -%}
        {%- for _, macro in context['smm_warehouse'] | dictsort -%}
            {%- do parts.append(macro.macro.macro_sql) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ local_md5(parts | join('|')) }}
{%- endmacro %}

{# Whether a fact is made anew, whole: when that is asked for, as dbt has it, and when it was built under another
   definition than today's. Every row would be replaced, so this costs no more; and it may have other columns. #}
{% macro should_full_refresh() -%}
    {%- set is_outdated = model.config.materialized == 'incremental' and not built_by_this_definition() -%}
    {{ return(dbt.should_full_refresh() or is_outdated) }}
{%- endmacro %}

{% macro built_by_this_definition() -%}
    {%- set query -%}
        select count(*)
        from {{ bookkeeping(this.database) }}
        where model = '{{ this.identifier }}' and state like '%{{ definition_fingerprint() }}'
    {%- endset -%}
    {{ return(run_query(query).rows[0][0] > 0) }}
{%- endmacro %}

{# The stream-days that the fact reads, with the state in which they are. `inputs` is a list of
   `source.stream`. #}
{% macro current_inputs(inputs) %}
    select
        source,
        stream,
        account,
        lake_day,
        concat(content_hash, '{{ definition_fingerprint() }}') as state
    from {{ ref('stg_lake__files') }}
    where concat(source, '.', stream) in ('{{ inputs | join("', '") }}')
{% endmacro %}

{# The same of what is made of other models, month by month: `states` is a relation that tells of each month in which
   state what it is made of is. A month stands as its first day, and is of no source. #}
{% macro current_months(states) %}
    select
        '' as source,
        '' as stream,
        '' as account,
        month as lake_day,
        concat(state, '{{ definition_fingerprint() }}') as state
    from {{ states }}
{% endmacro %}

{# The stream-days that are not as they were when the fact was built. #}
{% macro changed_inputs(inputs) %}
    {{ changed_states(current_inputs(inputs)) }}
{% endmacro %}

{# What of `states` is not as it was recorded, or is no longer there. #}
{% macro changed_states(states, told_by='source, account, lake_day') %}
    select {{ told_by }}
    from (
        select * from ({{ states }}) as current_state
        full join (
            select
                source,
                stream,
                account,
                lake_day,
                state as built_state
            from {{ bookkeeping(this.database) }}
            where model = '{{ this.identifier }}'
        ) as built using (source, stream, account, lake_day)
    ) as compared
    where state is distinct from built_state
    group by {{ told_by }}
{% endmacro %}

{# The temporary table of what this run replaces. #}
{% macro affected() -%}
    {{ this.identifier }}__affected
{%- endmacro %}

{# In a pre-hook: fills that table by the query that is called with. Nothing is to compare where all is made anew. #}
{% macro mark_affected() -%}
    {%- if is_incremental() -%}
    create or replace temporary table {{ affected() }} as
    {{ caller() }}
    {%- else -%}
    select 1 as nothing_to_compare
    {%- endif -%}
{%- endmacro %}

{# Rows of `rows` that are built of a changed file. #}
{% macro touched_keys(key, rows) %}
    select {{ key }}
    from {{ rows }} as candidates
    inner join changed
        on
            candidates.source = changed.source
            and candidates.lake_account = changed.account
            and changed.lake_day between candidates.first_lake_day and candidates.last_lake_day
{% endmacro %}

{# Pre-hook. `candidates` is the relation of the entities as they would be built now, and `built_if` says
   which of them have rows in the fact (an order without refunds has none in fct_refund). `widen_by` is
   a column whose whole group is replaced when one of its rows is (the orders of a person); `fx_date`
   the column by whose day the row was converted: a rate that moved affects its rows too. `judged_in` is a
   relation that says `judged` of each key by rules outside the models: rows that it judges otherwise now
   are affected. #}
{% macro find_affected(
    key, candidates, inputs, built_if='true', widen_by=none, fx_date=none, judged_in=none, judged=()
) %}
    {%- call mark_affected() %}
    with
    changed as (
        {{ changed_inputs(inputs) }}
    ),

    touched as (
        {{ touched_keys(key, candidates) }}
        union
        {{ touched_keys(key, this) }}
        union
        {# An entity whose newest version is gone with its file is told by an older file, unchanged; and
           where that newest version had no rows here, only their absence shows it. #}
        select candidates.{{ key }}
        from {{ candidates }} as candidates
        left join {{ this }} as built
            on
                candidates.{{ key }} = built.{{ key }}
                and candidates.first_lake_day = built.first_lake_day
                and candidates.last_lake_day = built.last_lake_day
        where built.{{ key }} is null and {{ built_if }}
        union
        {# One that is told no more although its own files stand: another file tells it better. #}
        select built.{{ key }}
        from {{ this }} as built
        left join {{ candidates }} as candidates on built.{{ key }} = candidates.{{ key }}
        where candidates.{{ key }} is null
        {%- if fx_date %}
        union
        select built.{{ key }}
        from {{ this }} as built
        left join {{ ref('int_fx_rates__daily') }} as fx
            on built.currency = fx.currency and built.{{ fx_date }} = fx.date_day
        where built.fx_rate is distinct from {{ fx_rate('built.currency') }}
        {%- endif %}
        {%- if judged_in %}
        union
        select built.{{ key }}
        from {{ this }} as built
        inner join {{ judged_in }} as judged on built.{{ key }} = judged.{{ key }}
        where
            {%- for column in judged %}
            {{ 'or ' if not loop.first }}built.{{ column }} is distinct from judged.{{ column }}
            {%- endfor %}
        {%- endif %}
    )
    {%- if widen_by %},

    groups_touched as (
        select {{ widen_by }} from {{ candidates }} where {{ key }} in (select {{ key }} from touched)
        union
        select {{ widen_by }} from {{ this }} where {{ key }} in (select {{ key }} from touched)
    )
    {%- endif %}

    select {{ key }} from touched
    {%- if widen_by %}
    union
    select {{ key }} from {{ candidates }} where {{ widen_by }} in (select {{ widen_by }} from groups_touched)
    union
    select {{ key }} from {{ this }} where {{ widen_by }} in (select {{ widen_by }} from groups_touched)
    {%- endif %}
    {%- endcall -%}
{% endmacro %}

{# In a model: the rows of this run. All of them, unless the fact is there already. #}
{% macro only_affected(key) -%}
    {%- if is_incremental() -%}
    where {{ key }} in (select {{ key }} from {{ affected() }})
    {%- endif -%}
{%- endmacro %}

{# Post-hook: what the fact is now built of. #}
{% macro record_inputs(inputs) %}
    {{ record_states(current_inputs(inputs)) }}
{% endmacro %}

{% macro record_months(states) %}
    {{ record_states(current_months(states)) }}
{% endmacro %}

{% macro record_states(states) %}
    delete from {{ bookkeeping(this.database) }} where model = '{{ this.identifier }}';
    insert into {{ bookkeeping(this.database) }}
    select
        '{{ this.identifier }}' as model,
        source,
        stream,
        account,
        lake_day,
        state
    from ({{ states }}) as current_state
{% endmacro %}

{# Old rows go by what was affected, not by what came: a day that is now empty must disappear. #}
{% macro get_incremental_replace_affected_sql(arg_dict) %}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} as DBT_TARGET
    where {{ config.get('meta')['replaces'] | replace('$affected', affected()) }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{# Pre-hook of a fact whose rows depend on earlier days: the first changed day of each account. #}
{% macro first_changes(inputs) %}
    {%- call mark_affected() %}
    select
        source,
        account,
        min(lake_day) as lake_day
    from ({{ changed_inputs(inputs) }}) as changed
    group by source, account
    {%- endcall -%}
{% endmacro %}

{# Pre-hook of a fact whose rows are each of one day's file: the account-days that changed. #}
{% macro find_affected_days(inputs) %}
    {%- call mark_affected() %}
    {{ changed_inputs(inputs) }}
    {%- endcall -%}
{% endmacro %}

{# The `lake_day` of a query's rows as a list of literals, for a filter that prunes files; a day that no file has,
   where there are none. #}
{% macro literal_days(query) -%}
    {%- set days = [] -%}
    {%- if execute -%}
        {%- set distinct_days = 'select distinct cast(lake_day as string) from (' ~ query ~ ') as told order by 1' -%}
        {%- for row in run_query(distinct_days).rows -%}
            {%- do days.append("date '" ~ row[0] ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
    {{ (days or ["date '0001-01-01'"]) | join(', ') }}
{%- endmacro %}

{% macro changed_days(inputs) -%}
    {{ literal_days(changed_inputs(inputs)) }}
{%- endmacro %}

{% macro changed_months(states) %}
    {{ changed_states(current_months(states), told_by='lake_day') }}
{% endmacro %}

{# The configuration of what is replaced month by month. `states` is the model that tells of each `month` in which
   `state` it is; `month` is the model's own. #}
{% macro replaced_by_month(states, month='month') -%}
    {%- set of_states = "(ref('" ~ states ~ "'))" -%}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'replace_affected',
        'meta': {'replaces': month ~ ' in (select month from $affected)'},
        'pre_hook': '{{ find_affected_months' ~ of_states ~ ' }}',
        'post_hook': '{{ record_months' ~ of_states ~ ' }}',
    }) }}
{%- endmacro %}

{# Pre-hook of what is replaced month by month. #}
{% macro find_affected_months(states) %}
    {%- call mark_affected() %}
    select lake_day as month
    from ({{ changed_months(states) }}) as changed
    {%- endcall -%}
{% endmacro %}

{# In the model: whether a row is of those months; true of every row where all is made anew. As literals, so that it
   passes through views. #}
{% macro in_affected_months(states, month) -%}
    {%- if is_incremental() -%}
    {{ month }} in ({{ literal_days(changed_months(states)) }})
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{# Sessions with an event in a changed file, now or when they were built. #}
{% macro sessions_touched(inputs) %}
    with
    changed as (
        {{ changed_inputs(inputs) }}
    )

    select events.session_key
    from {{ ref('int_sessions__from_events') }} as events
    inner join changed
        on
            events.source = changed.source
            and events.lake_account = changed.account
            and events.lake_day = changed.lake_day
    where events.lake_day in ({{ changed_days(inputs) }})
    union
    {{ touched_keys('session_key', this) }}
{% endmacro %}

{# Pre-hook of fct_session. #}
{% macro find_affected_sessions(inputs) %}
    {%- call mark_affected() %}
    {{ sessions_touched(inputs) }}
    {%- endcall -%}
{% endmacro %}

{# The days that those sessions lie on: the changed ones, and those that their built rows reach to. #}
{% macro days_of_affected_sessions(inputs) -%}
    {%- set query -%}
        select files.lake_day
        from {{ ref('stg_lake__files') }} as files
        inner join (
            select
                first_lake_day,
                last_lake_day
            from {{ this }}
            where session_key in ({{ sessions_touched(inputs) }})
            union
            select
                lake_day as first_lake_day,
                lake_day as last_lake_day
            from ({{ changed_inputs(inputs) }}) as changed
        ) as spans
            on files.lake_day between spans.first_lake_day and spans.last_lake_day
        where concat(files.source, '.', files.stream) in ('{{ inputs | join("', '") }}')
    {%- endset -%}
    {{ literal_days(query) }}
{%- endmacro %}

{# Account-days whose files changed, or whose rate moved: what fct_ad_daily replaces. #}
{% macro account_days_touched(inputs) %}
    select
        source,
        account as lake_account,
        lake_day
    from ({{ changed_inputs(inputs) }}) as changed
    union
    select
        built.source,
        built.lake_account,
        built.first_lake_day as lake_day
    from {{ this }} as built
    left join {{ ref('int_fx_rates__daily') }} as fx
        on built.currency = fx.currency and built.date_day = fx.date_day
    where built.fx_rate is distinct from {{ fx_rate('built.currency') }}
{% endmacro %}

{# Pre-hook of fct_ad_daily. #}
{% macro find_affected_account_days(inputs) %}
    {%- call mark_affected() %}
    select {{ surrogate_key(['source', 'lake_account', 'lake_day']) }} as account_day_key
    from ({{ account_days_touched(inputs) }}) as touched
    {%- endcall -%}
{% endmacro %}

{% macro days_of_affected_accounts(inputs) -%}
    {{ literal_days(account_days_touched(inputs)) }}
{%- endmacro %}
