/** Files as data: URLs, which is how the gateway takes images; others than images are left out. */
export function readImages(files) {
  const images = [...files].filter((file) => file.type.startsWith('image/'));
  return Promise.all(images.map((file) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve({ name: file.name, url: reader.result }));
    reader.addEventListener('error', () => reject(reader.error));
    reader.readAsDataURL(file);
  })));
}
