using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Errors;
using Stip.Protocol.Uploads;

namespace Stip.Api.Registry.Uploads;

/// <summary>Files on their way into packages. What a record counts is on the disk: a restart loses no part.</summary>
internal sealed class UploadStore
{
    private const string RecordName = "upload.json";
    private const string DataName = "data";
    private readonly ConcurrentDictionary<string, UploadState> _uploads = new(StringComparer.Ordinal);
    private readonly DataFolders _folders;
    private readonly ApiOptions _options;
    private readonly TimeProvider _clock;

    public UploadStore(DataFolders folders, IOptions<ApiOptions> options, TimeProvider clock)
    {
        (_folders, _options, _clock) = (folders, options.Value, clock);
        StagedUploads.PutBack(folders.Staging, id => Path.Combine(FolderOf(id), DataName));
        foreach (var folder in Directory.EnumerateDirectories(folders.Uploads))
        {
            try
            {
                if (Read(folder) is { } record)
                {
                    EndOrder(record, Path.Combine(folder, DataName));
                    _uploads[record.Id] = new UploadState(OnDisk(record, Path.Combine(folder, DataName)));
                }
                else
                {
                    Directory.Delete(folder, recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It costs nobody the start, and goes when it is as old as an upload may get.
            }
        }
    }

    public static Refusal Unknown { get; } =
        new(StipErrorCode.NotFound, "there is no such upload of this key", "upload_id");

    public TimeSpan Lifetime => TimeSpan.FromHours(_options.UploadHours);

    public Outcome<UploadRecord> Create(string owner, UploadCreateRequest request)
    {
        if (Judge(owner, request) is { } refusal)
        {
            return refusal;
        }

        var id = "upload_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        var now = _clock.GetUtcNow();
        var record = new UploadRecord(
            id, owner, request.Filename, request.Bytes, request.Sha256.ToLowerInvariant(), now, now,
            UploadObject.Pending, []);
        Directory.CreateDirectory(FolderOf(id));
        Store(new UploadState(record), record);
        return record;
    }

    /// <summary>The upload, if it is this owner's.</summary>
    public Outcome<UploadState> Find(string owner, string? id) =>
        id is not null && _uploads.TryGetValue(id, out var upload) && upload.Record.Owner == owner
            ? upload
            : Unknown;

    public string DataPath(UploadRecord record) => Path.Combine(FolderOf(record.Id), DataName);

    /// <summary>Replaces a record, on the disk first. The caller has the upload's turn.</summary>
    public void Store(UploadState upload, UploadRecord record)
    {
        DurableFile.Write(Path.Combine(FolderOf(record.Id), RecordName), record);
        upload.Record = record;
        _uploads[record.Id] = upload;
    }

    public void Remove(UploadRecord record)
    {
        _uploads.TryRemove(record.Id, out _);
        if (Directory.Exists(FolderOf(record.Id)))
        {
            Directory.Delete(FolderOf(record.Id), recursive: true);
        }
    }

    /// <summary>Removes what nobody touched for long, and folders of that age that are no upload's.</summary>
    public IReadOnlyList<UploadRecord> Expire()
    {
        var expired = new List<UploadRecord>();
        var oldest = _clock.GetUtcNow() - Lifetime;
        foreach (var upload in _uploads.Values)
        {
            if (upload.Record.TouchedAt < oldest && upload.Turn.Wait(0))
            {
                // Gone for its owner whatever becomes of its folder, and told to whoever waits for its turn.
                _uploads.TryRemove(upload.Record.Id, out _);
                expired.Add(upload.Record);
                upload.Record = upload.Record with { Status = UploadObject.Cancelled };
                upload.Turn.Release();
            }
        }

        foreach (var folder in new DirectoryInfo(_folders.Uploads).EnumerateDirectories())
        {
            if (folder.LastWriteTimeUtc < oldest && !_uploads.ContainsKey(folder.Name))
            {
                TryDelete(folder);
            }
        }

        return expired;
    }

    /// <summary>What a folder holds; null for what no upload wrote.</summary>
    private static UploadRecord? Read(string folder) =>
        DurableFile.TryRead<UploadRecord>(Path.Combine(folder, RecordName)) is
        { Owner: not null, Filename: not null, Sha256: not null, Status: not null, Parts: not null } record
            && record.Id == Path.GetFileName(folder)
            ? record
            : null;

    // Parts in another order lie beside the file until they are known to be right, which the record says first.
    private static void EndOrder(UploadRecord record, string data)
    {
        var beside = data + DurableFile.NewSuffix;
        if (record.Status == UploadObject.Completed && File.Exists(beside))
        {
            File.Move(beside, data, overwrite: true);
        }
        else
        {
            File.Delete(beside);
        }
    }

    // A disk may have lost the end of a file, and a kill behind a registration leaves none: the parts that are there
    // count, and the owner goes on there.
    private static UploadRecord OnDisk(UploadRecord record, string data)
    {
        var length = new FileInfo(data) is { Exists: true } file ? file.Length : 0;
        return record.BytesReceived <= length
            ? record
            : record with
            {
                Status = UploadObject.Pending,
                Parts = [.. record.Parts.TakeWhile(part => part.Offset + part.Bytes <= length)],
            };
    }

    private static void TryDelete(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody still reads it, or the disk is ill: another time.
        }
    }

    private Refusal? Judge(string owner, UploadCreateRequest request)
    {
        if (request.Purpose != UploadCreateRequest.StipPackage)
        {
            return Invalid($"purpose is not '{UploadCreateRequest.StipPackage}'", "purpose");
        }

        if (!PackagePaths.IsAllowed(request.Filename))
        {
            return Invalid(
                "filename is not a relative path of plain names (letters, digits and ._-, at most 4 of them)",
                "filename");
        }

        if (request.Bytes < 1 || request.Bytes > _options.MaxFileBytes)
        {
            return request.Bytes < 1
                ? Invalid($"bytes {request.Bytes} is outside 1..{_options.MaxFileBytes}", "bytes")
                : TooLarge($"bytes {request.Bytes} is outside 1..{_options.MaxFileBytes}");
        }

        if (request.Sha256 is not { Length: 64 } || !request.Sha256.All(char.IsAsciiHexDigit))
        {
            return Invalid("sha256 is not 64 hexadecimal digits", "sha256");
        }

        if (_uploads.Values.Count(upload => upload.Record.Owner == owner) >= _options.MaxUploads)
        {
            return new Refusal(
                StipErrorCode.RateLimitExceeded, $"this key has {_options.MaxUploads} uploads already; cancel some");
        }

        var free = new DriveInfo(_folders.Uploads).AvailableFreeSpace;
        return request.Bytes <= free ? null : TooLarge($"bytes {request.Bytes} is more than the {free} that are free");
    }

    private string FolderOf(string id) => Path.Combine(_folders.Uploads, id);

    private static Refusal Invalid(string message, string param) => new(StipErrorCode.InvalidRequest, message, param);

    private static Refusal TooLarge(string message) => new(StipErrorCode.PayloadTooLarge, message, "bytes");
}
