{#- In DuckDB's words; tests/python/test_enriched_macro.py tries the same rules on Spark and PostgreSQL. -#}
{{ config(enabled=target.type == 'duckdb') }}
-- If this fails, a spelling of a postcode gets another answer than it should. The rules match the
-- whole text, and put right only case, white space and invisible characters.
{% set cases = [
    ("'NG16 1AA'", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("' ng161aa '", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("'n g 1 6 1 a a'", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("'NG16' || chr(9) || '1AA' || chr(10)", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("'NG16' || chr(160) || '1AA'", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("'NG16' || chr(8203) || '1AA' || chr(65279)", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("chr(8288) || 'NG' || chr(173) || '16' || chr(8205) || '1AA'", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("'ＮＧ１６　１ａａ'", "'NG161AA'", "'NG16 1AA'", "'ok'"),
    ("'M1 1AE'", "'M11AE'", "'M1 1AE'", "'ok'"),
    ("'M60 1NW'", "'M601NW'", "'M60 1NW'", "'ok'"),
    ("'CR2 6XH'", "'CR26XH'", "'CR2 6XH'", "'ok'"),
    ("'DN55 1PT'", "'DN551PT'", "'DN55 1PT'", "'ok'"),
    ("'W1A 1HQ'", "'W1A1HQ'", "'W1A 1HQ'", "'ok'"),
    ("'EC1A 1BB'", "'EC1A1BB'", "'EC1A 1BB'", "'ok'"),
    ("'gir 0aa'", "'GIR0AA'", "'GIR 0AA'", "'ok'"),
    ("'BX1 1LT'", "'BX11LT'", "'BX1 1LT'", "'ok'"),
    ("'BS98 1TL'", "'BS981TL'", "'BS98 1TL'", "'ok'"),
    ("'SN38 1NW'", "'SN381NW'", "'SN38 1NW'", "'ok'"),
    ("'hello M1 1AE'", "null", "null", "'invalid'"),
    ("'M1 1AE.'", "null", "null", "'invalid'"),
    ("'M1-1AE'", "null", "null", "'invalid'"),
    ("'M1 1AE M1 1AE'", "null", "null", "'invalid'"),
    ("'QA1 1AA'", "null", "null", "'invalid'"),
    ("'VA1 1AA'", "null", "null", "'invalid'"),
    ("'XA1 1AA'", "null", "null", "'invalid'"),
    ("'AI1 1AA'", "null", "null", "'invalid'"),
    ("'AJ1 1AA'", "null", "null", "'invalid'"),
    ("'AZ1 1AA'", "null", "null", "'invalid'"),
    ("'W1Y 9LB'", "null", "null", "'invalid'"),
    ("'EC1C 1AA'", "null", "null", "'invalid'"),
    ("'M1 1CA'", "null", "null", "'invalid'"),
    ("'M1 1AO'", "null", "null", "'invalid'"),
    ("'M123 1AA'", "null", "null", "'invalid'"),
    ("'GIR 0AB'", "null", "null", "'invalid'"),
    ("'O1 1AA'", "'O11AA'", "'O1 1AA'", "'ok'"),
    ("'M1 IAE'", "null", "null", "'invalid'"),
    ("'NG16'", "null", "null", "'partial'"),
    ("'ng16 1'", "null", "null", "'partial'"),
    ("'EC1A'", "null", "null", "'partial'"),
    ("'ZZ99 3VZ'", "null", "null", "'pseudo'"),
    ("'zz993wz'", "null", "null", "'pseudo'"),
    ("'ZZ99 3CZ'", "null", "null", "'pseudo'"),
    ("''", "null", "null", "'missing'"),
    ("'   '", "null", "null", "'missing'"),
    ("null", "null", "null", "'missing'"),
    ("chr(8203)", "null", "null", "'missing'"),
    ("'n/a'", "null", "null", "'missing'"),
    ("' - '", "null", "null", "'missing'"),
    ("'Not known'", "null", "null", "'missing'"),
    ("'NONE1'", "null", "null", "'invalid'"),
] %}

with
cases as (
    {% for text, key, formatted, status in cases %}
    select
        cast({{ text }} as string) as text,
        cast({{ key }} as string) as key,
        cast({{ formatted }} as string) as formatted,
        {{ status }} as status
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    *,
    {{ postcode_key('text') }} as found_key,
    {{ format_postcode('text') }} as found_formatted,
    {{ postcode_status('text') }} as found_status
from cases
where
    {{ postcode_key('text') }} is distinct from key
    or {{ format_postcode('text') }} is distinct from formatted
    or {{ postcode_status('text') }} is distinct from status
