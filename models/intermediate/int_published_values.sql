-- Every edition as published, one row an area and column of its file.
select * from {{ ref('stg_mhclg__iod_2004') }}
union all
select * from {{ ref('stg_mhclg__iod_2007') }}
union all
select * from {{ ref('stg_mhclg__iod_2010') }}
union all
select * from {{ ref('stg_mhclg__iod_2015') }}
union all
select * from {{ ref('stg_mhclg__iod_2019') }}
union all
select * from {{ ref('stg_mhclg__iod_2025') }}
union all
select * from {{ ref('stg_welsh_government__wimd_2019') }}
union all
select * from {{ ref('stg_welsh_government__wimd_2025') }}
union all
select * from {{ ref('stg_scottish_government__simd_2020') }}
union all
select * from {{ ref('stg_nisra__nimdm_2017') }}
