-- Boundaries are read by no model: a file of them that cannot be used stops the build here.
{%- do input_file_name('boundaries', 'if there') %}

select
    source,
    file_name,
    release,
    sha256,
    cast(bytes as bigint) as bytes,
    cast(row_count as bigint) as row_count,
    cast(retrieved_at as timestamp) as retrieved_at,
    is_synthetic = 'True' as is_synthetic
from {{ source('inputs', 'files') }}
