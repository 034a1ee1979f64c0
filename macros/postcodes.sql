{#-
    Royal Mail's formats: A9, A99, AA9, AA99, A9A, AA9A, then 9AA; the letters each place takes;
    and GIR 0AA. Case and white space are put right, nothing else is.
-#}

{%- macro postcode_without_spaces(text) -%}
    {#- Upper case, all white space out (no-break and other Unicode spaces too); '' stays ''. -#}
    regexp_replace(upper({{ text }}), '[\s\p{Z}\x0B\x{0085}]', '', 'g')
{%- endmacro -%}


{%- macro outcode_pattern() -%}
    GIR|[A-PR-UWYZ]([0-9]{1,2}|[0-9][A-HJKPSTUW]|[A-HK-Y]([0-9]{1,2}|[0-9][ABEHMNPRVWXY]))
{%- endmacro -%}


{%- macro postcode_pattern() -%}
    ^(GIR0AA|({{ deprivation.outcode_pattern() | replace("GIR|", "") }})[0-9][ABD-HJLNP-UW-Z]{2})$
{%- endmacro -%}


{%- macro pseudo_postcode_pattern() -%}
    ^ZZ99([0-9]([A-Z]{2})?)?$
{%- endmacro -%}


{%- macro partial_postcode_pattern() -%}
    ^({{ deprivation.outcode_pattern() }})[0-9]?$
{%- endmacro -%}


{%- macro postcode_key(text) -%}
    {#- NG161AA from any spelling of it; null if the format is not a postcode's. -#}
    nullif(regexp_extract(
        {{ deprivation.postcode_without_spaces(text) }},
        '{{ deprivation.postcode_pattern() }}'
    ), '')
{%- endmacro -%}


{%- macro format_postcode(text) -%}
    {#- NG16 1AA from any spelling of it; null if the format is not a postcode's. -#}
    regexp_replace({{ deprivation.postcode_key(text) }}, '^(.*)(...)$', '\1 \2')
{%- endmacro -%}


{%- macro postcode_status(text) -%}
    {#-
        ok; partial: an outcode or a sector alone; pseudo: the ZZ99 codes that stand for no fixed
        abode, not known, ...; missing: null or blank; else invalid.
    -#}
    case
        when coalesce({{ deprivation.postcode_without_spaces(text) }}, '') = '' then 'missing'
        when regexp_matches({{ deprivation.postcode_without_spaces(text) }}, '{{ deprivation.pseudo_postcode_pattern() }}') then 'pseudo'
        when {{ deprivation.postcode_key(text) }} is not null then 'ok'
        when regexp_matches({{ deprivation.postcode_without_spaces(text) }}, '{{ deprivation.partial_postcode_pattern() }}') then 'partial'
        else 'invalid'
    end
{%- endmacro -%}
