{{ config(severity='warn') }}
-- Editions from which many postcodes get no answer. They were built because their file is there, or
-- allowed by name.
select {{ coverage_in_words() }} as problem
from {{ ref('int_edition_coverage') }}
where
    not (
        {{ is_asked_for('nation', 'edition') }}
        and not {{ is_asked_for('nation', 'edition', var('allow_incomplete_editions')) }}
    )
    and {{ too_little_covered() }}
order by nation, edition
