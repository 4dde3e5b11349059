// Reads resources as JSON and prints one line for each that its own validator refuses: KIND NAME: WHY.
import { readFileSync } from "node:fs";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1";
import { PodMonitor, PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { KafkaTopic, KafkaUser } from "@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1";

const kinds = { KafkaTopic, KafkaUser, PodMonitor, PrometheusRule, ScaledObject };
for (const one of JSON.parse(readFileSync(process.argv[2], "utf-8"))) {
  try {
    new kinds[one.kind](one).validate();
  } catch (error) {
    console.log(`${one.kind} ${one.metadata.name}: ${error.message.replaceAll("\n", " ")}`);
  }
}
