# A container that keeps the published file fresh, or serves it:
#   docker build --tag deprivation .
#   docker run --volume deprivation:/srv/deprivation deprivation refresh
#   docker run --volume deprivation:/srv/deprivation --publish 8000:8000 deprivation serve --host 0.0.0.0
FROM python:3.12-slim
RUN useradd --create-home deprivation && install --directory --owner deprivation /srv/deprivation
WORKDIR /opt/deprivation
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation .
USER deprivation
ENV DEPRIVATION_DB=/srv/deprivation/deprivation.duckdb \
    DEPRIVATION_DATA_DIR=/srv/deprivation/data \
    DEPRIVATION_WORK_DIR=/srv/deprivation/work
VOLUME /srv/deprivation
EXPOSE 8000
ENTRYPOINT ["deprivation"]
CMD ["refresh"]
