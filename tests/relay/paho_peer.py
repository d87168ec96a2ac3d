"""A device on Paho (Debian's python3-paho-mqtt): publishes flow records at QoS 1 and 2, waits for each acknowledgement, hears one command.

paho_peer.py HOST PORT tcp|websockets CA_FILE|- DEVICE PASSWORD COUNT
"""
import json
import sys
import threading

import paho.mqtt.client as mqtt

host, port, transport, ca, device, password, count = sys.argv[1:]
ready = threading.Event()
heard = threading.Event()
answers = {}


def on_connect(client, userdata, flags, code):
    answers["connect"] = code
    client.subscribe(f"guardian/{device}/command", 1)


def on_subscribe(client, userdata, mid, granted):
    answers["granted"] = list(granted)
    ready.set()


def on_message(client, userdata, message):
    answers["command"] = message.payload.decode()
    heard.set()


client = mqtt.Client(client_id=f"{device}-paho", transport=transport)
if transport == "websockets":
    client.ws_set_options(path="/mqtt")
if ca != "-":
    client.tls_set(ca_certs=ca)
client.username_pw_set(device, password)
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect(host, int(port))
client.loop_start()
if not ready.wait(20):
    sys.exit(f"no subscription: {answers}")
for number in range(int(count)):
    record = {"orig_pkts": number, "resp_pkts": 1, "orig_bytes": 10, "resp_bytes": 10}
    sent = client.publish(f"guardian/{device}/flow", json.dumps(record), qos=1 + number % 2)
    sent.wait_for_publish(20)
    if not sent.is_published():
        sys.exit(f"message {number} was not acknowledged")
client.publish(f"guardian/{device}/command", "blink", qos=1)
if not heard.wait(20):
    sys.exit("no command was heard")
client.disconnect()
client.loop_stop()
print(json.dumps(answers))
