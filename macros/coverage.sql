{% macro is_asked_for(nation, edition, names=none) -%}
    {#-
        True of an edition that `names` (the variable `editions` unless given) holds: England's by
        their year alone, the others as 'Wales 2025'. `nation` and `edition` are SQL expressions.
    -#}
    {%- set listed = [] -%}
    {%- for name in (var('editions') if names is none else names) -%}
        {%- set edition_name = 'England ' ~ name if name is number else name ~ '' -%}
        {%- do listed.append("'" ~ edition_name | replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    {%- if listed -%}
        concat({{ nation }}, ' ', cast({{ edition }} as string)) in ({{ listed | join(', ') }})
    {%- else -%}
        1 = 0
    {%- endif -%}
{%- endmacro %}


{% macro too_little_covered() -%}
    {#-
        True of a row of int_edition_coverage with too many gaps: over 1% of the edition's areas
        (and over three) without a postcode, or over 10% of its nation's live postcodes in none of
        its areas. In November 2025 it was 0.2% to 0.7% and 2.5% to 3.0% for England's editions
        since 2015.
    -#}
    (
        areas_without_postcodes > greatest(3, 0.01 * areas)
        or live_postcodes_without_area > 0.1 * live_postcodes
    )
{%- endmacro %}


{% macro coverage_in_words() -%}
    {#- A row of int_edition_coverage as a sentence. -#}
    concat(
        nation, ' ', cast(edition as string), ': ',
        cast(areas_without_postcodes as string), ' of ', cast(areas as string),
        ' areas hold no postcode of the directory',
        coalesce(concat(' (', first_area_without_postcodes, ' first)'), ''), ', and ',
        cast(cast(live_postcodes_without_area as bigint) as string), ' of ',
        cast(cast(live_postcodes as bigint) as string),
        ' live postcodes lie in no area of the edition'
    )
{%- endmacro %}
