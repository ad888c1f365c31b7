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
    UploadStore uploads, ModelRegistry registry, DataFolders folders, AuditLog audit)
{
    private const int MaxFiles = 1000;

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
        List<string> faults = manifest is null ? [unreadable] : [.. ManifestFaults.Of(manifest)];
        if (manifest is null || faults.Count > 0)
        {
            return ModelRegistry.Invalid(faults);
        }

        faults.AddRange(Differences(manifest, records));
        if (faults.Count > 0)
        {
            return ModelRegistry.Invalid(faults);
        }

        return key.Allows(manifest.Model)
            ? await MoveAndRegisterAsync(actor, manifest, records, cancellation)
            : new Refusal(
                StipErrorCode.InsufficientScope, $"this key is not good for model '{manifest.Model}'", "model");
    }

    private async Task<Outcome<HostedModel>> MoveAndRegisterAsync(
        AuditActor actor, PackageManifest manifest, List<UploadRecord> records, CancellationToken cancellation)
    {
        var staged = Directory.CreateDirectory(Path.Combine(folders.Staging, Path.GetRandomFileName())).FullName;
        var isRegistered = false;
        try
        {
            foreach (var record in records)
            {
                var target = Path.Combine(staged, record.Filename);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Move(uploads.DataPath(record), target);
            }

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
            foreach (var record in records)
            {
                var source = Path.Combine(staged, record.Filename);
                if (isRegistered)
                {
                    uploads.Remove(record);
                }
                else if (File.Exists(source))
                {
                    File.Move(source, uploads.DataPath(record));
                }
            }

            if (Directory.Exists(staged))
            {
                Directory.Delete(staged, recursive: true);
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
