with
rows_read as (
    select
        'postcode_directory' as source,
        file_name,
        count(*) as row_count
    from {{ ref('stg_ons__postcode_directory') }}
    group by file_name

    union all

    select
        nation || ' ' || edition as source,
        null as file_name,
        sum(rows_in_file) as row_count
    from {{ ref('int_areas') }}
    group by nation, edition
)

select
    files.source,
    files.file_name,
    files.release,
    files.sha256,
    files.bytes,
    coalesce(max(files.row_count), cast(sum(rows_read.row_count) as bigint)) as row_count,
    files.retrieved_at,
    files.is_synthetic
from {{ ref('stg_input_files') }} as files
left join rows_read
    on
        files.source = rows_read.source
        -- A zip is one file here; what it holds goes by another name.
        and (
            files.file_name = rows_read.file_name
            or files.file_name like '%.zip'
            or rows_read.file_name is null
        )
group by
    files.source,
    files.file_name,
    files.release,
    files.sha256,
    files.bytes,
    files.retrieved_at,
    files.is_synthetic
having coalesce(max(files.row_count), sum(rows_read.row_count)) > 0
order by files.source, files.file_name
