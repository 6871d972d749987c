// Runs a TensorFlow.js graph model with TensorFlow.js itself (its plain JavaScript backend).
// usage: node evaluate.mjs MODEL.json INPUT.bin DTYPE SHAPE OUTPUT.bin NAME[,NAME…]
// INPUT holds little-endian float32 or int32 in the signature's order; OUTPUT gets float32 tensors,
// one after the other, in the order of the names.
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const require = createRequire(path.join(process.cwd(), 'package.json'));
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const {loadGraphModel} = require('@tensorflow/tfjs-converter');

const [, , modelFile, inputFile, dtype, shapeText, outputFile, namesText] = process.argv;
const document = JSON.parse(fs.readFileSync(modelFile));
const weights = Buffer.concat(document.weightsManifest.flatMap(
    group => group.paths.map(file => fs.readFileSync(path.join(path.dirname(modelFile), file)))));
const model = await loadGraphModel({
  load: async () => ({
    modelTopology: document.modelTopology,
    signature: document.signature,
    weightSpecs: document.weightsManifest.flatMap(group => group.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
    format: document.format,
  }),
});

const bytes = fs.readFileSync(inputFile);
const array = dtype === 'int32' ? Int32Array : Float32Array;
const values = new array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const image = tf.tensor(values, shapeText.split(',').map(Number), dtype);
const outputs = model.execute({[model.inputs[0].name]: image}, namesText.split(','));
const tensors = Array.isArray(outputs) ? outputs : [outputs];
fs.writeFileSync(outputFile, Buffer.concat(
    tensors.map(tensor => Buffer.from(Float32Array.from(tensor.dataSync()).buffer))));
