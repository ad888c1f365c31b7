using Stip.Onnx;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;

namespace Stip.Export.Pushing;

/// <summary>Sends every file of a package in parts, going on where an earlier push stopped, and registers the
/// package.</summary>
/// <param name="server">Where it goes.</param>
/// <param name="package">What goes there.</param>
/// <param name="journal">What an earlier push has begun.</param>
/// <param name="partBytes">Bytes of a part.</param>
internal sealed class PackagePush(PackageServer server, CloudFolder package, UploadJournal journal, int partBytes)
{
    // Small enough for a server's usual limit on a body, large enough that a request more or less does not matter.
    public const int DefaultPartBytes = 8 << 20;
    private const int MaxBrokenParts = 5;

    private readonly byte[] _part = new byte[partBytes];
    private Action<long> _report = _ => { };
    private long _doneBytes;

    /// <summary>Pushes the package.</summary>
    /// <param name="report">Called with the bytes that the server has.</param>
    /// <param name="cancellation">Stops; what was sent stays for the next push.</param>
    public async Task<ModelObject> RunAsync(Action<long> report, CancellationToken cancellation)
    {
        _report = report;
        if (journal.HasBegun && await FindAsync(cancellation) is { } registered)
        {
            _report(package.TotalBytes);

            await CancelAllAsync(cancellation);
            journal.Clear();
            return registered;
        }

        var uploads = new List<string>(package.Files.Count);
        foreach (var file in package.Files)
        {
            uploads.Add(await SendAsync(file, cancellation));
            _doneBytes += file.Bytes;
            _report(_doneBytes);
        }

        var model = await server.RegisterAsync(uploads, cancellation);
        journal.Clear();
        return model;
    }

    // Somebody else may have registered it: what was begun here is of no use any more. The server has the package, and
    // forgets an upload that nobody goes on with by itself.
    private async Task CancelAllAsync(CancellationToken cancellation)
    {
        try
        {
            foreach (var upload in journal.Uploads)
            {
                await server.CancelUploadAsync(upload, cancellation);
            }
        }
        catch (RefusedException)
        {
        }
    }

    // An earlier push may have come to its end, and its last answer been lost.
    private async Task<ModelObject?> FindAsync(CancellationToken cancellation) =>
        await server.FindModelAsync(package.Manifest.Model, cancellation) is { } model
        && model.Stip?.Fingerprint == package.Manifest.Fingerprint ? model : null;

    private async Task<string> SendAsync(PackageFile file, CancellationToken cancellation)
    {
        var upload = await ResumeAsync(file, cancellation) ?? await server.CreateUploadAsync(file, cancellation);
        journal.Set(file.Path, upload.Id);
        if (upload.Status == UploadObject.Completed)
        {
            return upload.Id;
        }

        await using var stream = File.OpenRead(package.PathOf(file));
        var received = upload.BytesReceived;
        var brokenParts = 0;
        while (received < file.Bytes)
        {
            try
            {
                received += await SendPartAsync(upload.Id, stream, received, brokenParts, cancellation);
                brokenParts = 0;
            }
            catch (HttpRequestException e) when (++brokenParts <= MaxBrokenParts)
            {
                // The part may have arrived although its answer did not: ask before sending it again.
                var state = await server.FindUploadAsync(upload.Id, cancellation)
                    ?? throw new RefusedException($"the server has lost the upload of {file.Path}; push again", e);
                received = state.BytesReceived;
            }

            _report(_doneBytes + received);
        }

        if (await server.CompleteUploadAsync(upload.Id, cancellation) is { } refusal)
        {
            journal.Remove(file.Path);
            throw new RefusedException($"{refusal.Message}; {file.Path} is sent anew by the next push", refusal);
        }

        return upload.Id;
    }

    private async Task<UploadObject?> ResumeAsync(PackageFile file, CancellationToken cancellation)
    {
        if (journal.Find(file.Path) is not { } id || await server.FindUploadAsync(id, cancellation) is not { } upload)
        {
            return null;
        }

        var isSame = upload.Sha256 == file.Sha256 && upload.Bytes == file.Bytes && upload.Filename == file.Path;
        return isSame && upload.Status != UploadObject.Cancelled ? upload : null;
    }

    private async Task<int> SendPartAsync(
        string uploadId, FileStream stream, long offset, int attempt, CancellationToken cancellation)
    {
        stream.Position = offset;
        var count = await stream.ReadAtLeastAsync(_part, _part.Length, throwOnEndOfStream: false, cancellation);
        if (count == 0)
        {
            throw new RefusedException($"{stream.Name} became shorter while it was sent");
        }

        await server.SendPartAsync(uploadId, offset, _part.AsMemory(0, count), attempt, cancellation);
        return count;
    }
}
