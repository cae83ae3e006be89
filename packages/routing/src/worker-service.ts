import { encoder, worker } from '@vectron/proto';

/** vectron.worker.v1.WorkerService, with encoders of its own where messages are large and many. */
const { stream } = worker.WorkerServiceService;
export const workerService: typeof worker.WorkerServiceService = {
  ...worker.WorkerServiceService,
  stream: {
    ...stream,
    requestSerialize: encoder(worker.CallBatch.encode),
    responseSerialize: encoder(worker.AnswerBatch.encode),
  },
};
