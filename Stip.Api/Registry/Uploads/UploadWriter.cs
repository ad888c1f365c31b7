using System.Buffers;
using System.Security.Cryptography;
using Stip.Api.Engine;
using Stip.Protocol.Errors;
using Stip.Protocol.Uploads;

namespace Stip.Api.Registry.Uploads;

/// <summary>Streams parts to the disk and puts them together.</summary>
internal sealed class UploadWriter(UploadStore store, TimeProvider clock)
{
    private const int BufferBytes = 1 << 17;

    /// <summary>Stores one part behind those that are there; a part counts as a whole or not at all.</summary>
    /// <param name="upload">The upload.</param>
    /// <param name="body">The bytes of the part.</param>
    /// <param name="offset">Where the caller believes to be; parts from there on are replaced. Null: the end.</param>
    /// <param name="mostBytes">Longest part.</param>
    /// <param name="cancellation">Ends it; nothing of the part counts then.</param>
    public async Task<Outcome<UploadPartObject>> AppendAsync(
        UploadState upload, Stream body, long? offset, long mostBytes, CancellationToken cancellation)
    {
        await upload.Turn.WaitAsync(cancellation);
        try
        {
            var record = upload.Record;
            if (record.Status != UploadObject.Pending)
            {
                return Invalid($"the upload is {record.Status}, parts are taken while it is pending", "id");
            }

            var start = offset ?? record.BytesReceived;
            var kept = record.Parts.TakeWhile(part => part.Offset + part.Bytes <= start).ToArray();
            if (start < 0 || start != kept.Sum(part => part.Bytes))
            {
                return Invalid(
                    $"offset {start} is neither the start of a part nor the {record.BytesReceived} bytes received",
                    "offset");
            }

            if (kept.Length < record.Parts.Count)
            {
                // Before their bytes go: whatever comes of the new part, no record counts what is not there.
                store.Store(upload, record = record with { Parts = kept });
            }

            var room = Math.Min(mostBytes, record.Bytes - start);
            var written = await WriteAsync(store.DataPath(record), body, start, room, cancellation);
            if (written is null or 0)
            {
                return written is null
                    ? new Refusal(
                        StipErrorCode.PayloadTooLarge, $"the part is longer than the {room} bytes that fit", "data")
                    : Invalid("the part is empty", "data");
            }

            var now = clock.GetUtcNow();
            var id = "part_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
            var added = new UploadPartObject(
                id, UploadPartObject.ObjectName, now.ToUnixTimeSeconds(), record.Id, start, written.Value);
            store.Store(upload, record with { Parts = [.. kept, added], TouchedAt = now });
            return added;
        }
        finally
        {
            upload.Turn.Release();
        }
    }

    /// <summary>Checks length and digest of the whole file.</summary>
    public async Task<Outcome<UploadRecord>> CompleteAsync(
        UploadState upload, IReadOnlyList<string>? partIds, CancellationToken cancellation)
    {
        await upload.Turn.WaitAsync(cancellation);
        try
        {
            var record = upload.Record;
            if (record.Status == UploadObject.Completed)
            {
                return record;
            }

            if (record.Status != UploadObject.Pending)
            {
                return UploadStore.Unknown;
            }

            if (record.BytesReceived != record.Bytes)
            {
                return Invalid($"{record.BytesReceived} of {record.Bytes} bytes were received", "id");
            }

            var named = partIds?.Select(id => record.Parts.FirstOrDefault(part => part.Id == id));
            var order = named?.ToArray() ?? [.. record.Parts];
            if (order.Length != record.Parts.Count || order.Distinct().Count() != order.Length || order.Contains(null))
            {
                return Invalid($"part_ids does not name each of the {record.Parts.Count} parts once", "part_ids");
            }

            return await PutTogetherAsync(upload, order!, cancellation);
        }
        finally
        {
            upload.Turn.Release();
        }
    }

    /// <summary>Gives the upload up and its bytes back.</summary>
    public async Task<Outcome<UploadRecord>> CancelAsync(UploadState upload, CancellationToken cancellation)
    {
        await upload.Turn.WaitAsync(cancellation);
        try
        {
            if (upload.Record.Status == UploadObject.Cancelled)
            {
                return UploadStore.Unknown;
            }

            // Whoever found it before and waits for its turn is told.
            store.Remove(upload.Record);
            return upload.Record = upload.Record with { Status = UploadObject.Cancelled, Parts = [] };
        }
        finally
        {
            upload.Turn.Release();
        }
    }

    // Null where the body is longer than there is room.
    private static async Task<long?> WriteAsync(
        string path, Stream body, long start, long room, CancellationToken cancellation)
    {
        await using var file =
            new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 0, useAsync: true);
        file.SetLength(start);
        file.Position = start;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var isWhole = false;
        try
        {
            var written = 0L;
            int read;
            while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
            {
                if ((written += read) > room)
                {
                    return null;
                }

                await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }

            file.Flush(flushToDisk: true);
            isWhole = true;
            return written;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (!isWhole)
            {
                // A disk that is full, or a client that is gone: what came of the part takes no room.
                file.SetLength(start);
            }
        }
    }

    private async Task<Outcome<UploadRecord>> PutTogetherAsync(
        UploadState upload, IReadOnlyList<UploadPartObject> order, CancellationToken cancellation)
    {
        var record = upload.Record;
        var path = store.DataPath(record);
        if (order.SequenceEqual(record.Parts))
        {
            await using var file = File.OpenRead(path);
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
            return digest == record.Sha256 ? Complete(record.Parts) : Mismatch(digest);
        }

        // Beside the file, which stays as its record says until the other order is known to be the right one.
        var beside = path + DurableFile.NewSuffix;
        try
        {
            var digest = await WriteInOrderAsync(path, beside, order, cancellation);
            if (digest != record.Sha256)
            {
                return Mismatch(digest);
            }

            // A start that finds both ends this: at any moment the record says what the file is, or is to be.
            var done = Complete(InOrder(order));
            try
            {
                File.Move(beside, path, overwrite: true);
            }
            catch
            {
                store.Store(upload, record);
                throw;
            }

            return done;
        }
        finally
        {
            File.Delete(beside);
        }

        UploadRecord Complete(IReadOnlyList<UploadPartObject> parts)
        {
            var done = record with
            {
                Parts = parts,
                Status = UploadObject.Completed,
                TouchedAt = clock.GetUtcNow(),
            };
            store.Store(upload, done);
            return done;
        }

        Refusal Mismatch(string digest) => new(
            StipErrorCode.ChecksumMismatch, $"the file has SHA-256 {digest}, {record.Sha256} was announced", "sha256");
    }

    private static UploadPartObject[] InOrder(IReadOnlyList<UploadPartObject> order)
    {
        var offset = 0L;
        return [.. order.Select(part => part with { Offset = (offset += part.Bytes) - part.Bytes })];
    }

    // The digest of what was written.
    private static async Task<string> WriteInOrderAsync(
        string path, string beside, IReadOnlyList<UploadPartObject> order, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        await using var source = File.OpenRead(path);
        await using var target = File.Create(beside);
        foreach (var part in order)
        {
            source.Position = part.Offset;
            for (var left = part.Bytes; left > 0;)
            {
                var read = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellation);
                left -= read > 0 ? read : throw new EndOfStreamException("a part is shorter than its record");
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }
        }

        target.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static Refusal Invalid(string message, string param) => new(StipErrorCode.InvalidRequest, message, param);
}
