"""The log on Apache Kafka, by aiokafka: topics, publishing and consuming."""
