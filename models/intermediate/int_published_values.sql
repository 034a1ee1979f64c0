-- Every edition as published, one row an area and column of its file.
select * from {{ ref('stg_mhclg__iod_2015') }}
union all
select * from {{ ref('stg_mhclg__iod_2019') }}
union all
select * from {{ ref('stg_mhclg__iod_2025') }}
