/** The engines that can learn networks here: the kernels, and TensorFlow.js on the graphics processor. */
import type { TrainerFactory } from '#core/detect/training.ts'
import { fastestTrainers, type TrainerChoice, type TrainerEngine } from '#engine/choose-trainer.ts'
import { createTrainer } from './engine.ts'
import { hasGraphics, hasWebGl, requireGraphics } from './graphics.ts'

/** Three megabytes, loaded with the first trainer. */
export function tfjsTrainers(backend: 'webgl' | 'webgpu'): TrainerFactory {
  return async (options) => {
    if (backend === 'webgpu') await requireGraphics()
    const { createTfjsTrainer } = await import('#engine/tfjs/trainer.ts')
    return createTfjsTrainer(options, { backend })
  }
}

/** On whatever learns fastest here; the kernels are not measured against drawing in software. */
export function trainersOfThisMachine(onChoice: (choice: Pick<TrainerChoice, 'name' | 'why'>) => void): TrainerFactory {
  return fastestTrainers({ kernels: createTrainer, others: rivals, onChoice })
}

async function rivals(): Promise<{ engine: TrainerEngine; create: TrainerFactory }[]> {
  return [
    ...((await hasGraphics()) ? [{ engine: 'tfjs-webgpu' as const, create: tfjsTrainers('webgpu') }] : []),
    ...(hasWebGl() ? [{ engine: 'tfjs-webgl' as const, create: tfjsTrainers('webgl') }] : []),
  ]
}
