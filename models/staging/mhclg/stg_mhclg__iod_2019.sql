{{ published_index('England', 2019, 'mhclg', '^LSOA code') }}
