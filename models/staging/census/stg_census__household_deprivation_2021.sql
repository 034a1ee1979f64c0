{%- set file_name = input_file_name('household_deprivation_2021', 'if there') or '' -%}
{%- set file = "'" ~ file_name ~ "'" -%}
select
    lsoa21_code as area_code,
    case deprivation_dimensions
        when 'Household is not deprived in any dimension' then 0
        when 'Household is deprived in one dimension' then 1
        when 'Household is deprived in two dimensions' then 2
        when 'Household is deprived in three dimensions' then 3
        when 'Household is deprived in four dimensions' then 4
        else error({{ file }} || ', row of ' || lsoa21_code || ': not known, ' || deprivation_dimensions)
    end as dimensions,
    {{ cast_or_stop('n', 'double', file, 'lsoa21_code', "'n'") }} as households,
    {{ cast_or_stop('total_households', 'double', file, 'lsoa21_code', "'total_households'") }}
        as total_households
from {{ source('census', 'household_deprivation_2021') }}
