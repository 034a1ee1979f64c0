{#-
    What seeds/index_columns.csv may say that a column means, by who reads it: int_index_ranks the
    figures of an index, int_areas what is said of an area itself. A measure that is in none of
    these lists stops the build (assert_every_measure_is_read).
-#}

{% macro index_measures() -%}
{{ return(['score', 'rank', 'decile', 'quintile', 'quartile', 'vigintile']) }}
{%- endmacro %}


{% macro area_texts() -%}
{{ return(['area_name', 'lad_code', 'lad_name', 'msoa_code', 'health_board_code', 'health_board_name']) }}
{%- endmacro %}


{% macro area_numbers() -%}
{{ return([
    'population', 'population_0_15', 'population_16_59', 'population_60_plus', 'population_working_age',
    'employment_rate',
]) }}
{%- endmacro %}
