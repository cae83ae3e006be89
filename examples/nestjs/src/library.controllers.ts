import { Controller, Get, Query, UseFilters } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { VectronHttpFilter } from '@vectron/nestjs';
import { VectronRpcFilter } from '@vectron/nestjs/grpc';
import { type Found, LibraryService, type Question } from './library.service.js';

/** `GET /documents?text=…&limit=…&since=…` */
@Controller('documents')
@UseFilters(VectronHttpFilter)
export class LibraryRestController {
  constructor(private readonly library: LibraryService) {}

  @Get()
  find(@Query('text') text = '', @Query('limit') limit?: string, @Query('since') since?: string): Promise<Found[]> {
    return this.library.find({ text, limit: Number(limit ?? 0), since: Number(since ?? 0) });
  }
}

/** The service of proto/library.proto. */
@Controller()
@UseFilters(VectronRpcFilter)
export class LibraryGrpcController {
  constructor(private readonly library: LibraryService) {}

  @GrpcMethod('Library', 'Find')
  async find(question: Question): Promise<{ found: Found[] }> {
    return { found: await this.library.find(question) };
  }
}
