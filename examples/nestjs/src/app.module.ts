import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { VectronModule } from '@vectron/nestjs';
import { VectronHealthIndicator } from '@vectron/nestjs/terminus';
import { HealthController } from './health.controller.js';
import { LibraryGrpcController, LibraryRestController } from './library.controllers.js';
import { Documents, LibraryService } from './library.service.js';

@Module({
  imports: [
    VectronModule.forRootAsync({
      useFactory: () => {
        const { VECTRON_URL: url, VECTRON_API_KEY: apiKey } = process.env;
        // Without a server the database is a directory of this process.
        return url === undefined ? { path: './library' } : { url, apiKey };
      },
    }),
    VectronModule.forFeature([Documents]),
    TerminusModule,
  ],
  controllers: [LibraryRestController, LibraryGrpcController, HealthController],
  providers: [LibraryService, VectronHealthIndicator],
})
export class AppModule {}
