// Socket.IO over a websocket, as much of it as a listener of one namespace needs (protocol 5).
"use strict";

// Packets: 0 open, 2 ping, 4 message; of messages: 0 connect, 1 disconnect, 2 event, 4 refusal.
class Socket {
  constructor(origin, namespace, token, { onOpen, onEvent, onClose }) {
    this.namespace = namespace;
    this.isOpen = false;
    const url = `${origin.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`;
    this.connection = new WebSocket(url);
    this.connection.addEventListener("message", ({ data }) => this.take(data, token, onOpen, onEvent));
    this.connection.addEventListener("close", () => onClose(this.isOpen));
  }

  take(packet, token, onOpen, onEvent) {
    if (packet.startsWith("0")) {
      this.connection.send(`40${this.namespace},${JSON.stringify({ token })}`);
    } else if (packet.startsWith("2")) {
      this.connection.send("3");
    } else if (packet.startsWith(`40${this.namespace},`)) {
      this.isOpen = true;
      onOpen();
    } else if (packet.startsWith(`42${this.namespace},`)) {
      onEvent(...JSON.parse(packet.slice(packet.indexOf("["))));
    } else if (packet.startsWith("41") || packet.startsWith("44")) {
      this.connection.close();
    }
  }
}
