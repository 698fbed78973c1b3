/** Every vendor by its id. Written by scripts/generate-vendors.ts; edits here are lost. */
import { deepFreeze } from '../kit/freeze.ts';
import anthropic from './anthropic.ts';
import ark from './ark.ts';
import azure from './azure.ts';
import bedrock from './bedrock.ts';
import bfl from './bfl.ts';
import cohere from './cohere.ts';
import deepseek from './deepseek.ts';
import fireworks from './fireworks.ts';
import gemini from './gemini.ts';
import groq from './groq.ts';
import jina from './jina.ts';
import kling from './kling.ts';
import luma from './luma.ts';
import midjourney from './midjourney.ts';
import minimax from './minimax.ts';
import mistral from './mistral.ts';
import moonshot from './moonshot.ts';
import ollama from './ollama.ts';
import openai from './openai.ts';
import openaiCompatible from './openai-compatible.ts';
import openrouter from './openrouter.ts';
import qwen from './qwen.ts';
import replicate from './replicate.ts';
import runway from './runway.ts';
import type { Vendor } from './shape.ts';
import siliconflow from './siliconflow.ts';
import together from './together.ts';
import vertex from './vertex.ts';
import volcVisual from './volc-visual.ts';
import voyage from './voyage.ts';
import xai from './xai.ts';
import zhipu from './zhipu.ts';

export const VENDORS: Readonly<Record<string, Vendor>> = deepFreeze({
  anthropic,
  ark,
  azure,
  bedrock,
  bfl,
  cohere,
  deepseek,
  fireworks,
  gemini,
  groq,
  jina,
  kling,
  luma,
  midjourney,
  minimax,
  mistral,
  moonshot,
  ollama,
  openai,
  'openai-compatible': openaiCompatible,
  openrouter,
  qwen,
  replicate,
  runway,
  siliconflow,
  together,
  vertex,
  'volc-visual': volcVisual,
  voyage,
  xai,
  zhipu,
});
