{{ config(severity='warn') }}
-- A shipped index whose domain the edition's file leaves blank is left out: named here.
select
    name,
    nation,
    edition,
    {{ dbt.listagg('index_code', "', '", 'order by index_code') }} as blank
from ({{ own_domains_left_blank() }}) as blank
where is_shipped
group by name, nation, edition
order by name, nation, edition
