{{ published_index('England', 2019) }}
