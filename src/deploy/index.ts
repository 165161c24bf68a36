export { type AndroidOptions, type AndroidProject, deployAndroid } from './android/deploy-android.ts'
export { type ImageContract, imageContract, type PortContract } from './image-contract.ts'
