{{ published_index('Northern Ireland', 2017, 'nisra', '^SOA2001$') }}
