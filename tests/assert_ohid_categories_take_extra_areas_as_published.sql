-- If this fails, our public-health groups differ from those of the R function phe_quantile: the
-- areas left over when n is divided by 10 go to fixed categories. Tested for n = 10 to 109.
{% set extra = {
    1: [1], 2: [1, 6], 3: [1, 4, 7], 4: [1, 3, 6, 8], 5: [1, 3, 5, 7, 9], 6: [1, 2, 4, 6, 7, 9],
    7: [1, 2, 3, 5, 6, 8, 9], 8: [1, 2, 3, 4, 6, 7, 8, 9], 9: [1, 2, 3, 4, 5, 6, 7, 8, 9],
} %}

with
extras as (
    {% for remainder, categories in extra.items() %}
    {% for category in categories %}
    select
        {{ remainder }} as remainder,
        {{ category }} as category
    union all
    {% endfor %}
    {% endfor %}
    select
        null as remainder,
        null as category
),

sizes as (
    select
        places.n,
        {{ ohid_quantile('ranks.local_rank', 'places.n', 10) }} as category,
        count(*) as areas
    from range(10, 110) as places (n)
    inner join range(1, 110) as ranks (local_rank)
        on places.n >= ranks.local_rank
    group by all
)

select
    sizes.n,
    sizes.category,
    sizes.areas,
    floor(sizes.n / 10) + count(extras.category) as expected
from sizes
left join extras
    on sizes.n % 10 = extras.remainder and sizes.category = extras.category
group by sizes.n, sizes.category, sizes.areas
having sizes.areas <> floor(sizes.n / 10) + count(extras.category)
