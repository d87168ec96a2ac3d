/** Writes ONNX files: just the parts of onnx.proto3 (ONNX 1.9, IR version 7, opset 14) that a small network needs. */

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

export interface OnnxNode {
  readonly op: string
  /** '' leaves an optional input or output out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, number | string | readonly number[] | readonly string[]>>
}

export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly data: Float32Array | BigInt64Array
}

/** A float32 input or output; a text is the name of a free dimension. */
export interface OnnxValue {
  readonly name: string
  readonly dims: readonly (number | string)[]
}

const IR_VERSION = 7
const OPSET = 14
const FLOAT = 1
const INT64 = 7

export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const model = new Message()
  model.int(1, IR_VERSION)
  model.text(2, 'iot-guardian')
  model.message(7, writeGraph(graph))
  const opset = new Message()
  opset.text(1, '')
  opset.int(2, OPSET)
  model.message(8, opset)
  return model.bytes()
}

function writeGraph(graph: OnnxGraph): Message {
  const out = new Message()
  for (const [index, node] of graph.nodes.entries()) out.message(1, writeNode(node, index))
  out.text(2, graph.name)
  for (const tensor of graph.initializers) out.message(5, writeTensor(tensor))
  for (const value of graph.inputs) out.message(11, writeValue(value))
  for (const value of graph.outputs) out.message(12, writeValue(value))
  return out
}

function writeNode(node: OnnxNode, index: number): Message {
  const out = new Message()
  for (const name of node.inputs) out.text(1, name)
  for (const name of node.outputs) out.text(2, name)
  out.text(3, `${node.op.toLowerCase()}-${index}`)
  out.text(4, node.op)
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    const attribute = new Message()
    attribute.text(1, name)
    if (typeof value === 'number') {
      attribute.int(3, value)
      attribute.int(20, 2)
    } else if (typeof value === 'string') {
      attribute.text(4, value)
      attribute.int(20, 3)
    } else {
      for (const item of value) {
        if (typeof item === 'number') attribute.int(8, item)
        else attribute.text(9, item)
      }
      attribute.int(20, typeof value[0] === 'number' ? 7 : 8)
    }
    out.message(5, attribute)
  }
  return out
}

function writeTensor(tensor: OnnxTensor): Message {
  const out = new Message()
  for (const size of tensor.dims) out.int(1, size)
  out.int(2, tensor.data instanceof Float32Array ? FLOAT : INT64)
  out.text(8, tensor.name)
  // raw_data is little-endian, as are the machines that Node runs on.
  out.raw(9, new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength))
  return out
}

function writeValue(value: OnnxValue): Message {
  const shape = new Message()
  for (const size of value.dims) {
    const dimension = new Message()
    if (typeof size === 'number') dimension.int(1, size)
    else dimension.text(2, size)
    shape.message(1, dimension)
  }
  const tensor = new Message()
  tensor.int(1, FLOAT)
  tensor.message(2, shape)
  const type = new Message()
  type.message(1, tensor)
  const out = new Message()
  out.text(1, value.name)
  out.message(2, type)
  return out
}

/** A protobuf message under construction (wire types 0 and 2). */
class Message {
  readonly #parts: Uint8Array[] = []

  int(field: number, value: number): void {
    this.#parts.push(varint(field * 8), varint(value))
  }

  text(field: number, value: string): void {
    this.raw(field, new TextEncoder().encode(value))
  }

  message(field: number, value: Message): void {
    this.raw(field, value.bytes())
  }

  raw(field: number, value: Uint8Array): void {
    this.#parts.push(varint(field * 8 + 2), varint(value.length), value)
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of this.#parts) {
      out.set(part, at)
      at += part.length
    }
    return out
  }
}

/** Whole numbers from 0 up: nothing here is negative. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let left = value
  while (left > 127) {
    bytes.push((left % 128) + 128)
    left = Math.floor(left / 128)
  }
  bytes.push(left)
  return Uint8Array.from(bytes)
}
