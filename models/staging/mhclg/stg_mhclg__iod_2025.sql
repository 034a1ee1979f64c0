{{ published_index('England', 2025) }}
