{#-
    Words that engines have in different forms: DuckDB's by default, Spark's and PostgreSQL's.
    Patterns are regular expressions that all three read alike.
-#}

{# White space and invisible characters, as the inside of a class of characters. -#}
{% macro white_space() -%}
    {{ return(deprivation.spaces() ~ deprivation.invisible_characters()) }}
{%- endmacro %}

{% macro spaces() -%}
    {{ return(adapter.dispatch('spaces', 'deprivation')()) }}
{%- endmacro %}

{% macro default__spaces() -%}
    {{ return('\\s\\p{Z}\\x0B\\x{0085}') }}
{%- endmacro %}

{# PostgreSQL has no classes of Unicode: they are written out (Z, Cf). -#}
{% macro postgres__spaces() -%}
    {{ return('\\s\\u000B\\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000') }}
{%- endmacro %}

{% macro invisible_characters() -%}
    {{ return(adapter.dispatch('invisible_characters', 'deprivation')()) }}
{%- endmacro %}

{% macro default__invisible_characters() -%}
    {{ return('\\p{Cf}') }}
{%- endmacro %}

{% macro postgres__invisible_characters() -%}
    {{ return(
        '\\u00AD\\u0600-\\u0605\\u061C\\u06DD\\u070F\\u0890\\u0891\\u08E2\\u180E\\u200B-\\u200F\\u202A-\\u202E'
        '\\u2060-\\u2064\\u2066-\\u206F\\uFEFF\\uFFF9-\\uFFFB\\U000110BD\\U000110CD\\U00013430-\\U0001343F'
        '\\U0001BCA0-\\U0001BCA3\\U0001D173-\\U0001D17A\\U000E0001\\U000E0020-\\U000E007F'
    ) }}
{%- endmacro %}


{# `text` without what fits the pattern, wherever it stands. -#}
{% macro without_matches(text, pattern) -%}
    {{ return(adapter.dispatch('without_matches', 'deprivation')(text, pattern)) }}
{%- endmacro %}

{% macro default__without_matches(text, pattern) -%}
    {{ return("regexp_replace(" ~ text ~ ", '" ~ pattern ~ "', '', 'g')") }}
{%- endmacro %}

{% macro spark__without_matches(text, pattern) -%}
    {{ return("regexp_replace(" ~ text ~ ", r'" ~ pattern ~ "', '')") }}
{%- endmacro %}


{# True where the pattern fits somewhere in `text`. -#}
{% macro is_match(text, pattern) -%}
    {{ return(adapter.dispatch('is_match', 'deprivation')(text, pattern)) }}
{%- endmacro %}

{% macro default__is_match(text, pattern) -%}
    {{ return("regexp_matches(" ~ text ~ ", '" ~ pattern ~ "')") }}
{%- endmacro %}

{% macro spark__is_match(text, pattern) -%}
    {{ return("(" ~ text ~ " rlike r'" ~ pattern ~ "')") }}
{%- endmacro %}

{% macro postgres__is_match(text, pattern) -%}
    {{ return("(" ~ text ~ " ~ '" ~ pattern ~ "')") }}
{%- endmacro %}


{# The part of `text` that fits the pattern, which has no look-ahead; null if none does. -#}
{% macro match_or_null(text, pattern) -%}
    {{ return(adapter.dispatch('match_or_null', 'deprivation')(text, pattern)) }}
{%- endmacro %}

{% macro default__match_or_null(text, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ text ~ ", '" ~ pattern ~ "'), '')") }}
{%- endmacro %}

{% macro spark__match_or_null(text, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ text ~ ", r'" ~ pattern ~ "', 0), '')") }}
{%- endmacro %}

{% macro postgres__match_or_null(text, pattern) -%}
    {{ return("(regexp_match(" ~ text ~ ", '(" ~ pattern ~ ")'))[1]") }}
{%- endmacro %}


{# M1 1AE from M11AE: a space before the last three characters; null stays null. -#}
{% macro with_space_before_last_three(key) -%}
    {{ return(adapter.dispatch('with_space_before_last_three', 'deprivation')(key)) }}
{%- endmacro %}

{% macro default__with_space_before_last_three(key) -%}
    {{ return("regexp_replace(" ~ key ~ ", '^(.*)(...)$', '\\1 \\2')") }}
{%- endmacro %}

{% macro spark__with_space_before_last_three(key) -%}
    {{ return("regexp_replace(" ~ key ~ ", '^(.*)(...)$', '$1 $2')") }}
{%- endmacro %}


{# A hint to send tables to every worker, by their aliases; only Spark takes one. -#}
{% macro broadcast(aliases) -%}
    {{ return(adapter.dispatch('broadcast', 'deprivation')(aliases)) }}
{%- endmacro %}

{% macro default__broadcast(aliases) -%}
    {{ return('') }}
{%- endmacro %}

{% macro spark__broadcast(aliases) -%}
    {{ return('/*+ broadcast(' ~ aliases | join(', ') ~ ') */ ') }}
{%- endmacro %}


{#
    A column's name as it stands in a query: plain names as they are, which an engine may fold, others
    in the engine's quotes. One that comes in quotes of either kind keeps its spelling.
-#}
{% macro column_name(name) -%}
    {%- set quote = deprivation.quote_of_names() -%}
    {%- set is_quoted = name | length > 2 and name[0] == name[-1] and name[0] in ('"', '`') -%}
    {%- if not is_quoted and modules.re.match('[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*$', name) -%}
        {{ return(name) }}
    {%- endif -%}
    {%- set spelt = name[1:-1].replace(name[0] * 2, name[0]) if is_quoted else name -%}
    {{ return(quote ~ spelt.replace(quote, quote * 2) ~ quote) }}
{%- endmacro %}

{% macro quote_of_names() -%}
    {{ return(adapter.dispatch('quote_of_names', 'deprivation')()) }}
{%- endmacro %}

{% macro default__quote_of_names() -%}
    {{ return('"') }}
{%- endmacro %}

{% macro spark__quote_of_names() -%}
    {{ return('`') }}
{%- endmacro %}


{# A text in quotes. -#}
{% macro text_literal(text) -%}
    {{ return(adapter.dispatch('text_literal', 'deprivation')(text)) }}
{%- endmacro %}

{% macro default__text_literal(text) -%}
    {{ return("'" ~ text.replace("'", "''") ~ "'") }}
{%- endmacro %}

{% macro spark__text_literal(text) -%}
    {{ return("'" ~ text.replace('\\', '\\\\').replace("'", "\\'") ~ "'") }}
{%- endmacro %}


{# Any value as a text. -#}
{% macro as_text(value) -%}
    {{ return(adapter.dispatch('as_text', 'deprivation')(value)) }}
{%- endmacro %}

{% macro default__as_text(value) -%}
    {{ return('cast(' ~ value ~ ' as varchar)') }}
{%- endmacro %}

{% macro spark__as_text(value) -%}
    {{ return('cast(' ~ value ~ ' as string)') }}
{%- endmacro %}


{#
    Capitals. Spark's would make SS of a German letter and PostgreSQL's follow the database's language:
    there, those letters that have a plain capital are written out.
-#}
{% macro capitals(text) -%}
    {{ return(adapter.dispatch('capitals', 'deprivation')(text)) }}
{%- endmacro %}

{% macro default__capitals(text) -%}
    {{ return('upper(' ~ text ~ ')') }}
{%- endmacro %}

{% macro spark__capitals(text) -%}
    {{ return(
        "translate(" ~ text ~ ", 'abcdefghijklmnopqrstuvwxyzıſａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ',"
        " 'ABCDEFGHIJKLMNOPQRSTUVWXYZISＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ')"
    ) }}
{%- endmacro %}

{% macro postgres__capitals(text) -%}
    {{ return(deprivation.spark__capitals(text)) }}
{%- endmacro %}


{#
    The day of a date, a timestamp or a text that begins with one (2019-05-31); null for other texts,
    also for a day there is not.
-#}
{% macro date_of(value) -%}
    {{ return(adapter.dispatch('date_of', 'deprivation')(value)) }}
{%- endmacro %}

{% macro default__date_of(value) -%}
    {{ return(
        "case when typeof(" ~ value ~ ") = '" ~ deprivation.type_of_texts()
        ~ "' then case when " ~ deprivation.is_match(deprivation.as_text(value), deprivation.date_pattern())
        ~ " then try_cast(left(trim(" ~ deprivation.as_text(value) ~ "), 10) as date) end"
        ~ " else try_cast(" ~ value ~ " as date) end"
    ) }}
{%- endmacro %}

{# It has no try_cast: the day is counted from the first of the month, and must be in it. -#}
{% macro postgres__date_of(value) -%}
    {%- set text = 'trim(' ~ deprivation.as_text(value) ~ ')' -%}
    {%- set year, month = 'cast(substr(' ~ text ~ ', 1, 4) as integer)', 'cast(substr(' ~ text ~ ', 6, 2) as integer)' -%}
    {%- set day = 'make_date(' ~ year ~ ', ' ~ month ~ ', 1) + cast(substr(' ~ text ~ ', 9, 2) as integer) - 1' -%}
    {{ return(
        "case when pg_typeof(" ~ value ~ ")::text not in ('text', 'character varying', 'character')"
        ~ " then cast(" ~ value ~ " as date) when " ~ text ~ " ~ '" ~ deprivation.date_pattern()
        ~ "' then case when extract(month from " ~ day ~ ") = " ~ month ~ " then " ~ day ~ " end end"
    ) }}
{%- endmacro %}

{% macro date_pattern() -%}
    {{ return(
        '^\\s*(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
        '([T ][0-9:.,TZ+ -]*)?$'
    ) }}
{%- endmacro %}

{% macro type_of_texts() -%}
    {{ return(adapter.dispatch('type_of_texts', 'deprivation')()) }}
{%- endmacro %}

{% macro default__type_of_texts() -%}
    {{ return('VARCHAR') }}
{%- endmacro %}

{% macro spark__type_of_texts() -%}
    {{ return('string') }}
{%- endmacro %}


{# An error with this message, where an engine comes to it. -#}
{% macro stop(message) -%}
    {{ return(adapter.dispatch('stop', 'deprivation')(message)) }}
{%- endmacro %}

{% macro default__stop(message) -%}
    {{ return('error(' ~ message ~ ')') }}
{%- endmacro %}

{% macro spark__stop(message) -%}
    {{ return('raise_error(' ~ message ~ ')') }}
{%- endmacro %}

{# It has no such function; what is no boolean is shown in the error. -#}
{% macro postgres__stop(message) -%}
    {{ return('cast(' ~ message ~ ' as boolean)') }}
{%- endmacro %}


{#
    Lets DuckDB compress texts by FSST, or not: it tries FSST on every text, which is up to a fifth of
    the time to write a table, and few tables get much smaller by it.
-#}
{% macro fsst(is_on) -%}
    {{ return(
        "set disabled_compression_methods = '" ~ ('' if is_on else 'fsst') ~ "'"
        if target.type == 'duckdb' else ''
    ) }}
{%- endmacro %}
