{{ published_index('England', 2015) }}
