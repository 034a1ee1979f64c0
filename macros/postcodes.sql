{#-
    Royal Mail's formats: A9, A99, AA9, AA99, A9A, AA9A, then 9AA; the letters each place takes;
    and GIR 0AA. Case and white space are put right, nothing else is.
-#}

{%- macro postcode_without_spaces(text) -%}
    {#-
        Upper case, full-width letters and digits plain, all white space out: no-break and other
        Unicode spaces and invisible characters (\p{Cf}: zero-width space, byte-order mark) too;
        '' stays ''.
    -#}
    {{ deprivation.without_matches(
        "translate(" ~ deprivation.capitals(text) ~ ", 'ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ０１２３４５６７８９', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')",
        '[' ~ deprivation.white_space() ~ ']'
    ) }}
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


{%- macro is_no_postcode_given(key) -%}
    {#- What people and programs write where there is no postcode, without its spaces. -#}
    coalesce({{ key }}, '') in (
        '', 'NULL', '(NULL)', '<NULL>', 'NONE', 'NIL', 'NA', '<NA>', '(NA)', 'N/A', '#N/A', 'N.A.', 'N/K', 'NAN',
        'UNKNOWN', 'UNK', 'NOTKNOWN', 'NOTAPPLICABLE', 'NOTAVAILABLE', 'NOTGIVEN', 'NOTPROVIDED',
        'NOTRECORDED', 'NOTSTATED', 'NOPOSTCODE', 'MISSING', 'BLANK', 'EMPTY', 'TBC', '-', '--', '---',
        '–', '—', '.', '..', '?', '*', '0'
    )
{%- endmacro -%}


{%- macro postcode_key(text) -%}
    {#- NG161AA from any spelling of it; null if the format is not a postcode's. -#}
    {{ deprivation.match_or_null(deprivation.postcode_without_spaces(text), deprivation.postcode_pattern()) }}
{%- endmacro -%}


{%- macro format_postcode(text) -%}
    {#- NG16 1AA from any spelling of it; null if the format is not a postcode's. -#}
    {{ deprivation.with_space_before_last_three(deprivation.postcode_key(text)) }}
{%- endmacro -%}


{%- macro postcode_status(text) -%}
    {#-
        ok; partial: an outcode or a sector alone; pseudo: the ZZ99 codes that stand for no fixed
        abode, not known, ...; missing: null, blank, or a word for it (N/A, -, unknown); else invalid.
    -#}
    case
        when {{ deprivation.is_no_postcode_given(deprivation.postcode_without_spaces(text)) }} then 'missing'
        when {{ deprivation.is_match(deprivation.postcode_without_spaces(text), deprivation.pseudo_postcode_pattern()) }} then 'pseudo'
        when {{ deprivation.postcode_key(text) }} is not null then 'ok'
        when {{ deprivation.is_match(deprivation.postcode_without_spaces(text), deprivation.partial_postcode_pattern()) }} then 'partial'
        else 'invalid'
    end
{%- endmacro -%}
