/** An architecture as a tfjs model: the library's own layers, so that it checks the kernels rather than repeats them. */
import * as layers from '@tensorflow/tfjs-layers'
import type { Architecture, Layer } from '#core/detect/architecture.ts'

/** With cross entropy the last sigmoid is left to the loss. */
export function buildModel({ steps, features, layers: list, loss }: Architecture): layers.Sequential {
  const model = layers.sequential()
  list.forEach((layer, i) => {
    const isInLoss = loss === 'bce' && i === list.length - 1
    model.add(buildLayer(layer, isInLoss, i === 0 ? { inputShape: [steps, features] } : {}))
  })
  return model
}

function buildLayer(layer: Layer, isInLoss: boolean, input: { inputShape?: number[] }): layers.layers.Layer {
  const { layers: make } = layers
  switch (layer.kind) {
    case 'lstm': {
      const { units, activation, returns } = layer
      return make.lstm({
        ...{ units, activation, returnSequences: returns === 'sequence', ...input },
        // Weights come from outside; the default would spend seconds on making an orthogonal matrix.
        ...{ recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' },
      })
    }
    case 'repeat':
      return make.repeatVector({ n: layer.steps, ...input })
    case 'conv1d':
      return make.conv1d({
        ...{ filters: layer.filters, kernelSize: 3, padding: 'same', activation: layer.activation },
        ...input,
      })
    case 'max-pool':
      return make.maxPooling1d({ poolSize: 2, ...input })
    case 'dense':
      return make.dense({ units: layer.units, activation: isInLoss ? 'linear' : layer.activation, ...input })
  }
}
