-- If this fails, an edition would be published with holes: the directory is cut off, or lacks the
-- codes of the edition's areas. For a directory that is a part of the country on purpose, name the
-- edition in the variable `allow_incomplete_editions`.
select
    {{ coverage_in_words() }}
    || '; if that is meant, name it in the variable allow_incomplete_editions' as problem
from {{ ref('int_edition_coverage') }}
where
    {{ is_asked_for('nation', 'edition') }}
    and not {{ is_asked_for('nation', 'edition', var('allow_incomplete_editions')) }}
    and {{ too_little_covered() }}
