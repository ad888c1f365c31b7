using System.Globalization;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Audit;
using Stip.Api.Registry.Packages;
using Stip.Api.Registry.Uploads;
using Stip.Protocol.Audit;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;

namespace Stip.Api.Registry;

/// <summary>Turns completed uploads into a registered package: all of it or nothing.</summary>
internal sealed class PackageRegistrar(
    UploadStore uploads, ModelRegistry registry, PackageFolder packages, DataFolders folders, AuditLog audit)
    : IDisposable
{
    private const int MaxFiles = 1000;

    // Graphs are loaded for it: one refused package at a time.
    private readonly SemaphoreSlim _judging = new(1, 1);

    public async Task<Outcome<HostedModel>> RegisterAsync(
        ApiKeyRecord key, AuditActor actor, IReadOnlyList<string>? uploadIds, CancellationToken cancellation)
    {
        if (!Collect(key, uploadIds).Is(out var uploaded, out var refusal))
        {
            return refusal;
        }

        // Somebody else may register or cancel them first; they are gone then.
        using var turns = await UploadTurns.TakeAsync(uploaded, cancellation);
        if (!Collect(key, uploadIds).Is(out uploaded, out refusal))
        {
            return refusal;
        }

        List<UploadRecord> records = [.. uploaded.Select(upload => upload.Record)];
        var manifestUpload = records.FirstOrDefault(record => record.Filename == PackageManifest.FileName);
        var (manifest, unreadable) = manifestUpload is null
            ? (null, "stip.json was not uploaded")
            : PackageFolder.ReadManifest(uploads.DataPath(manifestUpload));
        if (manifest is null)
        {
            return ModelRegistry.Invalid([unreadable]);
        }

        List<string> faults = [.. ManifestFaults.Of(manifest)];
        if (ManifestFaults.ListsFiles(manifest))
        {
            faults.AddRange(Differences(manifest, records));
        }

        if (faults.Count > 0)
        {
            // Whoever made it wants to hear of everything at once.
            return ModelRegistry.Invalid([.. faults, .. await GraphFaultsAsync(manifest, records, cancellation)]);
        }

        return key.Allows(manifest.Model)
            ? await MoveAndRegisterAsync(actor, manifest, records, cancellation)
            : new Refusal(
                StipErrorCode.InsufficientScope, $"this key is not good for model '{manifest.Model}'", "model");
    }

    private async Task<Outcome<HostedModel>> MoveAndRegisterAsync(
        AuditActor actor, PackageManifest manifest, List<UploadRecord> records, CancellationToken cancellation)
    {
        var (staged, isRegistered) = (NewStage(), false);
        try
        {
            Move(records, staged);
            var outcome = await registry.RegisterAsync(staged, manifest, actor.KeyId, cancellation);
            isRegistered = outcome.Is(out var registered, out var refusal);
            if (registered is { IsNew: true })
            {
                await audit.AppendAsync(Act(actor, manifest, registered.Before));
            }

            return isRegistered ? registered!.Model : refusal!;
        }
        finally
        {
            if (isRegistered)
            {
                records.ForEach(uploads.Remove);
            }
            else
            {
                MoveBack(records, staged);
            }

            Drop(staged);
        }
    }

    // Of what is refused already: where its files are those of a package they are looked at all the same.
    private async Task<IReadOnlyList<string>> GraphFaultsAsync(
        PackageManifest manifest, List<UploadRecord> records, CancellationToken cancellation)
    {
        var isOneEach = records.Select(record => record.Filename).Distinct(StringComparer.OrdinalIgnoreCase).Count()
            == records.Count;
        if (!isOneEach || !ManifestFaults.ListsFiles(manifest))
        {
            return [];
        }

        await _judging.WaitAsync(cancellation);
        try
        {
            return await FaultsOnceMovedAsync(manifest, records, cancellation);
        }
        finally
        {
            _judging.Release();
        }
    }

    private async Task<IReadOnlyList<string>> FaultsOnceMovedAsync(
        PackageManifest manifest, List<UploadRecord> records, CancellationToken cancellation)
    {
        var staged = NewStage();
        try
        {
            Move(records, staged);
            var faults = await Task.Run(() => packages.Faults(staged, manifest), cancellation);
            // Files that are not there were told by what was uploaded.
            return [.. faults.Except(PackageFolder.MissingFiles(staged, manifest))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Names that cannot lie in one folder ("a" and "a/b") are among what it is refused for.
            return [];
        }
        finally
        {
            MoveBack(records, staged);
            Drop(staged);
        }
    }

    public void Dispose() => _judging.Dispose();

    private string NewStage() =>
        Directory.CreateDirectory(Path.Combine(folders.Staging, Path.GetRandomFileName())).FullName;

    private static void Drop(string staged)
    {
        StagedUploads.Forget(staged);
        if (Directory.Exists(staged))
        {
            Directory.Delete(staged, recursive: true);
        }
    }

    private void Move(List<UploadRecord> records, string staged)
    {
        StagedUploads.Note(staged, records);
        foreach (var record in records)
        {
            var target = Path.Combine(staged, record.Filename);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(uploads.DataPath(record), target);
        }
    }

    private void MoveBack(List<UploadRecord> records, string staged)
    {
        foreach (var record in records)
        {
            var source = Path.Combine(staged, record.Filename);
            if (File.Exists(source))
            {
                File.Move(source, uploads.DataPath(record));
            }
        }
    }

    private static AuditAct Act(AuditActor actor, PackageManifest manifest, HostedModel? before) => new(
        before is null ? AuditEventTypes.ModelRegistered : AuditEventTypes.ModelReplaced,
        actor,
        manifest.Model,
        ("fingerprint", manifest.Fingerprint),
        ("instance", manifest.Instance),
        ("key_epoch", manifest.KeyEpoch.ToString(CultureInfo.InvariantCulture)),
        ("previous_fingerprint", before?.Manifest.Fingerprint));

    private Outcome<List<UploadState>> Collect(ApiKeyRecord key, IReadOnlyList<string>? uploadIds)
    {
        if (uploadIds is not { Count: > 0 and <= MaxFiles })
        {
            return new Refusal(
                StipErrorCode.InvalidRequest, $"upload_ids does not name 1..{MaxFiles} uploads", "upload_ids");
        }

        var found = new List<UploadState>();
        foreach (var id in uploadIds.Distinct(StringComparer.Ordinal))
        {
            if (!uploads.Find(key.Id, id).Is(out var upload, out var refusal))
            {
                return refusal;
            }

            found.Add(upload);
        }

        var pending = found.Count(upload => upload.Record.Status != UploadObject.Completed);
        return pending == 0
            ? found
            : new Refusal(StipErrorCode.InvalidRequest, $"{pending} of the uploads are not completed", "upload_ids");
    }

    // The digests of the uploads were computed from their bytes, so comparing digests compares bytes.
    private static IEnumerable<string> Differences(PackageManifest manifest, List<UploadRecord> records)
    {
        if (records.Count(record => record.Filename == PackageManifest.FileName) > 1)
        {
            yield return $"'{PackageManifest.FileName}' was uploaded twice";
        }

        var listed = manifest.Files.ToDictionary(file => file.Path, StringComparer.Ordinal);
        foreach (var record in records.Where(record => record.Filename != PackageManifest.FileName))
        {
            if (!listed.Remove(record.Filename, out var file))
            {
                yield return $"'{record.Filename}' was uploaded twice or is not in stip.json";
            }
            else if (file.Bytes != record.Bytes)
            {
                yield return $"'{record.Filename}' has {record.Bytes} bytes, stip.json says {file.Bytes}";
            }
            else if (!string.Equals(file.Sha256, record.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                yield return $"'{record.Filename}' does not have the sha256 of stip.json";
            }
        }

        foreach (var missing in listed.Keys)
        {
            yield return $"'{missing}' was not uploaded";
        }
    }
}
